"""What the product is measured against: libraries that people use, and the barest code that does the same."""

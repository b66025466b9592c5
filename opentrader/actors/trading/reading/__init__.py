"""What is read of the exchange apart from the orders: the account, and the prices."""

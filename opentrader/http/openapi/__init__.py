"""The OpenAPI document and the docs page, generated from the route table."""

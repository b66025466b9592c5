"""The HTTP API: one route table, from which the handlers, the OpenAPI document and the docs page are built."""

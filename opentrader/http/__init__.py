"""The HTTP door: one table of routes, from which handlers, the OpenAPI document and the docs page follow."""

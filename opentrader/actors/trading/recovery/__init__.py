"""Reconciliation with the exchange, and restored trades."""

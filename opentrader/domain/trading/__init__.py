"""Exchange, ledger, risk, and the order lifecycle."""

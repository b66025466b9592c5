"""The ledger `paper.db`: balances, orders, and trades on disk."""

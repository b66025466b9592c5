"""The tables of `paper.db`. Amounts and prices are decimal text; instants are Unix milliseconds."""

from __future__ import annotations

STEPS = (
    """
    CREATE TABLE looked (id INTEGER PRIMARY KEY CHECK (id = 1), at INTEGER NOT NULL) STRICT;
    CREATE TABLE transfers (
        id INTEGER PRIMARY KEY, asset TEXT NOT NULL, amount TEXT NOT NULL, at INTEGER NOT NULL
    ) STRICT;
    CREATE TABLE totals (asset TEXT PRIMARY KEY, amount TEXT NOT NULL) STRICT, WITHOUT ROWID;
    CREATE TABLE rules (
        symbol TEXT PRIMARY KEY, tick TEXT NOT NULL, step TEXT NOT NULL
    ) STRICT, WITHOUT ROWID;
    CREATE TABLE orders (
        id INTEGER PRIMARY KEY, list_id INTEGER NOT NULL, cid TEXT NOT NULL,
        symbol TEXT NOT NULL, base TEXT NOT NULL, quote TEXT NOT NULL,
        side TEXT NOT NULL, type TEXT NOT NULL, qty TEXT NOT NULL, px TEXT, stop_px TEXT,
        time_in_force TEXT NOT NULL, created_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
        status TEXT NOT NULL, cum TEXT NOT NULL, quote_cum TEXT NOT NULL,
        triggered_at INTEGER, closed_at INTEGER
    ) STRICT;
    CREATE INDEX orders_open ON orders (symbol) WHERE status = 'OPEN';
    CREATE INDEX orders_by_cid ON orders (cid);
    CREATE INDEX orders_by_time ON orders (symbol, created_at);
    CREATE TABLE lists (
        id INTEGER PRIMARY KEY, cid TEXT NOT NULL, symbol TEXT NOT NULL,
        stop_id INTEGER NOT NULL, target_id INTEGER NOT NULL, created_at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX lists_by_cid ON lists (cid);
    CREATE TABLE trades (
        id INTEGER PRIMARY KEY, order_id INTEGER NOT NULL REFERENCES orders,
        symbol TEXT NOT NULL, base TEXT NOT NULL, quote TEXT NOT NULL,
        side TEXT NOT NULL, qty TEXT NOT NULL, px TEXT NOT NULL,
        fee TEXT NOT NULL, fee_asset TEXT NOT NULL, at INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX trades_by_time ON trades (symbol, at);
    CREATE INDEX trades_by_order ON trades (order_id);
    """,
    "ALTER TABLE trades ADD COLUMN rate TEXT NOT NULL DEFAULT '0'",
)
"""The n-th migration takes a ledger from version n - 1 to n."""

-- Symbols in which no entry is allowed before an operator ends it, and why. `since`: Unix seconds of market time.
CREATE TABLE symbol_halts (
    symbol TEXT    NOT NULL PRIMARY KEY,
    reason TEXT    NOT NULL,
    since  INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

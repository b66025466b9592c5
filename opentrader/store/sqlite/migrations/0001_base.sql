-- Instants are Unix seconds unless the name ends in _ms. A table without a rowid is one tree, so that a change
-- dirties one page and a commit writes one frame.

CREATE TABLE signals (
    pair       TEXT    NOT NULL PRIMARY KEY,
    direction  TEXT    NOT NULL CHECK (direction IN ('buy', 'sell')),
    bot        TEXT    NOT NULL,
    status     TEXT    NOT NULL CHECK (status IN ('pending', 'consumed', 'skipped', 'expired')),
    notified   INTEGER NOT NULL CHECK (notified IN (0, 1)),
    created_at INTEGER NOT NULL,
    updated_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    body       TEXT    NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

CREATE TABLE signal_bars (
    pair  TEXT    NOT NULL,
    bot   TEXT    NOT NULL,
    ts_ms INTEGER NOT NULL,
    PRIMARY KEY (pair, bot)
) STRICT, WITHOUT ROWID;

CREATE TABLE licence (
    id           INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    code         TEXT    NOT NULL,
    email        TEXT,
    name         TEXT,
    plan         TEXT    NOT NULL,
    machine_id   TEXT    NOT NULL,
    activated_at INTEGER NOT NULL,
    expires_at   INTEGER,
    mac          BLOB    NOT NULL
) STRICT;

CREATE TABLE agent_cards (
    name   TEXT    NOT NULL PRIMARY KEY,
    status TEXT    NOT NULL CHECK (status IN ('idle', 'running', 'waiting', 'error')),
    action TEXT    NOT NULL,
    ts     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE agent_log (
    id      INTEGER NOT NULL PRIMARY KEY,
    ts      INTEGER NOT NULL,
    agent   TEXT    NOT NULL,
    level   TEXT    NOT NULL CHECK (level IN ('info', 'warning', 'error')),
    message TEXT    NOT NULL
) STRICT;

CREATE TABLE trends (
    symbol    TEXT    NOT NULL,
    timeframe TEXT    NOT NULL,
    source    TEXT    NOT NULL,
    type      TEXT    NOT NULL,
    trend     TEXT    NOT NULL CHECK (trend IN ('uptrend', 'downtrend', 'sideway', 'unknown')),
    score     TEXT    NOT NULL CHECK (json_valid(score)),
    timestamp INTEGER NOT NULL,
    stored_at INTEGER NOT NULL,
    PRIMARY KEY (symbol, timeframe)
) STRICT, WITHOUT ROWID;

CREATE TABLE choices (
    key  TEXT NOT NULL PRIMARY KEY,
    text TEXT NOT NULL
) STRICT, WITHOUT ROWID;

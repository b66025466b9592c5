-- Amounts and prices are decimal numbers as text, exactly as they were given. `body` and `json` are JSON; a generated
-- column shows one of their fields and stores nothing.

-- What happened, in its order. Each row holds the hash of the one before it, so that none can be changed unnoticed.
CREATE TABLE events (
    seq       INTEGER NOT NULL PRIMARY KEY,
    ts_ms     INTEGER NOT NULL,
    type      TEXT    NOT NULL,
    json      TEXT    NOT NULL CHECK (json_valid(json)),
    prev_hash BLOB    NOT NULL CHECK (length(prev_hash) = 32),
    hash      BLOB    NOT NULL CHECK (length(hash) = 32)
) STRICT;

CREATE TRIGGER events_are_never_changed BEFORE UPDATE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;
CREATE TRIGGER events_are_never_pruned BEFORE DELETE ON events
BEGIN SELECT RAISE(ABORT, 'events are append-only'); END;

CREATE INDEX audit_by_seq ON events (seq) WHERE type = 'audit';
CREATE INDEX audit_by_time ON events (ts_ms) WHERE type = 'audit';
CREATE INDEX audit_by_action ON events (json ->> '$.action') WHERE type = 'audit';
CREATE INDEX audit_by_symbol ON events (json ->> '$.symbol') WHERE type = 'audit';

CREATE TABLE intents (
    id     TEXT NOT NULL PRIMARY KEY,
    symbol TEXT GENERATED ALWAYS AS (body ->> '$.symbol'),
    idem_key TEXT GENERATED ALWAYS AS (NULLIF(body ->> '$.idem_key', '')),
    body   TEXT NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

CREATE INDEX intents_by_idem_key ON intents (idem_key) WHERE idem_key IS NOT NULL;

-- `ended_ms`: NULL while it is open. `seq`: the event that its present state was committed with.
CREATE TABLE trades (
    id       TEXT    NOT NULL PRIMARY KEY REFERENCES intents (id),
    label    TEXT    GENERATED ALWAYS AS (body ->> '$.label'),
    ended_ms INTEGER,
    seq      INTEGER NOT NULL REFERENCES events (seq),
    body     TEXT    NOT NULL CHECK (json_valid(body))
) STRICT, WITHOUT ROWID;

CREATE INDEX trades_by_end ON trades (ended_ms);

CREATE TABLE legs (
    trade_id TEXT    NOT NULL REFERENCES trades (id),
    number   INTEGER NOT NULL,
    kind     TEXT    GENERATED ALWAYS AS (body ->> '$.kind'),
    state    TEXT    GENERATED ALWAYS AS (body ->> '$.state'),
    body     TEXT    NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (trade_id, number)
) STRICT, WITHOUT ROWID;

-- Every client order id of ours, for ever: an order that the venue shows is ours if it is here.
CREATE TABLE client_ids (
    cid      TEXT NOT NULL PRIMARY KEY,
    trade_id TEXT NOT NULL REFERENCES trades (id)
) STRICT, WITHOUT ROWID;

CREATE TABLE history (
    id               TEXT    NOT NULL PRIMARY KEY,
    symbol           TEXT    NOT NULL,
    direction        TEXT    NOT NULL CHECK (direction IN ('buy', 'sell')),
    size             TEXT    NOT NULL,
    entry_px         TEXT    NOT NULL,
    exit_px          TEXT    NOT NULL,
    pnl              TEXT    NOT NULL,
    pnl_pct          TEXT    NOT NULL,
    fees             TEXT    NOT NULL,
    bot              TEXT    NOT NULL,
    agent            TEXT,
    source           TEXT    NOT NULL,
    exit_reason      TEXT    NOT NULL,
    opened_at        INTEGER NOT NULL,
    closed_at        INTEGER NOT NULL,
    cancelled_orders TEXT    NOT NULL CHECK (json_valid(cancelled_orders)),
    counted          INTEGER NOT NULL CHECK (counted IN (0, 1)),
    seq              INTEGER NOT NULL REFERENCES events (seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX history_by_close ON history (closed_at, id);

-- `day`: days since 1970-01-01 UTC of market time. An entry counts once, however often it is told.
CREATE TABLE executions (
    id       INTEGER NOT NULL PRIMARY KEY,
    trade_id TEXT    NOT NULL UNIQUE,
    day      INTEGER NOT NULL
) STRICT;

CREATE INDEX executions_by_day ON executions (day);

-- Executions up to `last` do not count for the day any more.
CREATE TABLE resets (
    day  INTEGER NOT NULL PRIMARY KEY,
    last INTEGER NOT NULL
) STRICT;

CREATE TABLE control (
    id             INTEGER NOT NULL PRIMARY KEY CHECK (id = 1),
    halted         INTEGER NOT NULL CHECK (halted IN (0, 1)),
    reason         TEXT    NOT NULL,
    since          INTEGER,
    closeall_since INTEGER
) STRICT;

CREATE TABLE cooldowns (
    key      TEXT    NOT NULL PRIMARY KEY,
    until_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- `status` and `body` are those of the answer, NULL while the request is still running.
CREATE TABLE idempotency (
    key         TEXT    NOT NULL PRIMARY KEY,
    method      TEXT    NOT NULL,
    path        TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    intent_id   TEXT    NOT NULL,
    created_at  INTEGER NOT NULL,
    state       TEXT    NOT NULL CHECK (state IN ('running', 'done')),
    status      INTEGER,
    body        BLOB,
    CHECK ((state = 'done') = (status IS NOT NULL AND body IS NOT NULL))
) STRICT, WITHOUT ROWID;

CREATE INDEX idempotency_by_age ON idempotency (created_at);

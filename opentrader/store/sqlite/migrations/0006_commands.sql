-- Requests about trades that exist: close, closeall, sell, cancel. `trades`: the ids of all that one is about, as JSON;
-- they are decided once, in the commit that acts. `fingerprint`: that of the request with its key, empty without one.
CREATE TABLE commands (
    id          TEXT    NOT NULL PRIMARY KEY,
    kind        TEXT    NOT NULL,
    symbol      TEXT    NOT NULL,
    agent       TEXT    NOT NULL,
    idem_key    TEXT    NOT NULL,
    trades      TEXT    NOT NULL CHECK (json_valid(trades)),
    at_ms       INTEGER NOT NULL,
    outcome     TEXT    NOT NULL,
    fingerprint TEXT    NOT NULL,
    seq         INTEGER NOT NULL REFERENCES events (seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX commands_by_kind ON commands (kind, at_ms);

-- A key leads to what its request has begun by its own row alone. Before, it was looked for among the intents.
UPDATE idempotency SET intent_id = coalesce((SELECT max(id) FROM intents WHERE idem_key = idempotency.key), '')
WHERE state = 'running' AND intent_id = '';

-- What the venue executed for a trade. `id` is the venue's, unique among the fills of a symbol; `seq` is the event
-- that told of it first.
CREATE TABLE fills (
    trade_id TEXT    NOT NULL REFERENCES trades (id),
    id       TEXT    NOT NULL,
    seq      INTEGER NOT NULL REFERENCES events (seq),
    body     TEXT    NOT NULL CHECK (json_valid(body)),
    PRIMARY KEY (trade_id, id)
) STRICT, WITHOUT ROWID;

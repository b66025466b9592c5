-- Events whose trade ended long ago go to a file in `archive/`. A row here is stored with the event that tells of the file;
-- `sha256` is that of the file, and every trade that ended at `ended_ms` or before is dealt with.
CREATE TABLE archives (
    file     TEXT    NOT NULL PRIMARY KEY,
    sha256   TEXT    NOT NULL CHECK (length(sha256) = 64),
    count    INTEGER NOT NULL CHECK (count > 0),
    ended_ms INTEGER NOT NULL,
    seq      INTEGER NOT NULL UNIQUE REFERENCES events (seq)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER archives_are_never_changed BEFORE UPDATE ON archives
BEGIN SELECT RAISE(ABORT, 'archives are append-only'); END;
CREATE TRIGGER archives_are_never_pruned BEFORE DELETE ON archives
BEGIN SELECT RAISE(ABORT, 'archives are append-only'); END;

-- Which events belong to a trade, and which rows refer to an event: without these a removal reads whole tables.
CREATE INDEX events_by_trade ON events (json ->> '$.trade') WHERE type <> 'audit';
CREATE INDEX trades_by_event ON trades (seq);
CREATE INDEX history_by_event ON history (seq);
CREATE INDEX fills_by_event ON fills (seq);

DROP TRIGGER events_are_never_pruned;
CREATE TRIGGER events_are_never_pruned BEFORE DELETE ON events
WHEN OLD.type = 'audit' OR NOT EXISTS (
    SELECT 1 FROM trades
    WHERE id = OLD.json ->> '$.trade' AND ended_ms <= (SELECT max(ended_ms) FROM archives)
)
BEGIN SELECT RAISE(ABORT, 'events are append-only: only an archive may take those of a trade that ended long ago'); END;

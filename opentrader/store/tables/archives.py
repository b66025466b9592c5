"""The files that hold events of trades that ended long ago: which there are, and which events are next."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from apsw import Connection

from opentrader.errors import InternalError
from opentrader.store.sqlite.codec import text
from opentrader.store.sqlite.rows import Rows
from opentrader.store.tables import events
from opentrader.store.tables.events import StoredEvent

ARCHIVED = "archived"

# The unary plus takes the affinity of the column, which the indexed expression lacks: else the index is not used.
_REMOVABLE = """
    SELECT trades.ended_ms, events.seq, events.ts_ms, events.type, events.json, events.prev_hash, events.hash
    FROM trades CROSS JOIN events ON events.json ->> '$.trade' = +trades.id AND events.type <> 'audit'
    WHERE trades.ended_ms > coalesce((SELECT max(ended_ms) FROM archives), -1) AND trades.ended_ms <= ?
    AND NOT EXISTS (SELECT 1 FROM trades AS other WHERE other.seq = events.seq)
    AND NOT EXISTS (SELECT 1 FROM history WHERE history.seq = events.seq)
    AND NOT EXISTS (SELECT 1 FROM fills WHERE fills.seq = events.seq)
    ORDER BY trades.ended_ms
"""


@dataclass(frozen=True, slots=True)
class Archive:
    """A sealed file: its name, the SHA-256 of its bytes, how many events it holds, and when the last trade ended."""

    file: str
    sha256: str
    count: int
    ended_ms: int


ARCHIVES = Rows("archives", Archive, beside=("seq",))


def all_of(connection: Connection) -> list[tuple[Archive, int]]:
    """Every file and the seq of the event that tells of it, oldest first."""
    return [(archive, beside["seq"]) for archive, beside in ARCHIVES.select_beside(connection, "ORDER BY seq")]


def removable(connection: Connection, ended_ms: int, least: int) -> tuple[list[StoredEvent], int] | None:
    """At least so many events of trades that ended at this instant or before, by seq, and the end of the last trade.

    All events of a trade but those that other rows refer to. None while there are fewer.
    """
    found: list[StoredEvent] = []
    last = 0
    for ended, *row in connection.execute(_REMOVABLE, (ended_ms,)):
        if len(found) >= least and ended > last:
            break
        found.append(StoredEvent(*row))
        last = ended
    return (sorted(found), last) if len(found) >= least else None


def remove(connection: Connection, rows: Sequence[StoredEvent], archive: Archive, at_ms: int) -> None:
    """Take the events of a file that is on the disk out of the store, with an event that seals the file.

    Raises `InternalError` if they are not all there anymore, and `apsw.ConstraintError` if one must stay.
    """
    seq = events.append(connection, at_ms, ARCHIVED, asdict(archive))
    ARCHIVES.insert(connection, archive, seq=seq)
    seqs = text([row.seq for row in rows])
    connection.execute("DELETE FROM events WHERE seq IN (SELECT value FROM json_each(?))", (seqs,))
    if connection.changes() != len(rows):
        raise InternalError(f"{connection.changes()} of the {len(rows)} events of {archive.file} are in the store")

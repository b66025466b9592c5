"""What a store has written, seen from outside while its daemon runs."""

from __future__ import annotations

import struct
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import apsw


class Written(NamedTuple):
    """How many commits and events so far."""

    commits: int
    events: int

    def since(self, before: Written) -> Written:
        return Written((self.commits - before.commits) % 2**32, self.events - before.events)


def written(folder: Path) -> Written:
    """Of the store of a data folder whose daemon runs."""
    return Written(_commits(folder / "opentrader.db-shm"), _events(folder / "opentrader.db"))


def _commits(shared_memory: Path) -> int:
    """The WAL index counts transactions in its third word (sqlite.org/walformat.html, `iChange`)."""
    (number,) = struct.unpack_from("=I", shared_memory.read_bytes()[:12], 8)
    return int(number)


def _events(database: Path) -> int:
    with closing(apsw.Connection(str(database), apsw.SQLITE_OPEN_READONLY)) as connection:
        return int(connection.execute("SELECT coalesce(max(seq), 0) FROM events").get)

"""What is judged after a restart: the notes, the ledger of the venue, the store, and what the daemon tells."""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import orjson

from opentrader.clock import Pace
from opentrader.system.market import stored_pace
from tests.crash.ledger import Book, Span
from tests.crash.notes import Note


@dataclass(frozen=True, slots=True)
class Intent:
    id: str
    key: str
    ended: bool


@dataclass(frozen=True, slots=True)
class Command:
    id: str
    kind: str
    key: str
    trades: frozenset[str]


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the history; `pnl` counts if `known`."""

    id: str
    pnl: Decimal
    known: bool


@dataclass(frozen=True, slots=True)
class Journal:
    """The store of the daemon. `on_request`: the trades that a close, a closeall or a sell has closed."""

    pace: Pace
    intents: dict[str, Intent] = field(default_factory=dict)
    commands: tuple[Command, ...] = ()
    history: dict[str, Row] = field(default_factory=dict)
    on_request: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Repeat:
    """A request that was answered well, and what its repeat was told."""

    first: Note
    status: int
    body: Any
    replayed: bool


@dataclass(frozen=True, slots=True)
class Told:
    """The reads of the daemon."""

    trades: tuple[dict[str, Any], ...] = ()
    pending: tuple[dict[str, Any], ...] = ()
    signals: dict[str, int] = field(default_factory=dict)  # pair -> when it was created
    halted: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """`downs`: when no daemon was there; `until`: now. Both in milliseconds of market time. `faults`: of its log."""

    notes: tuple[Note, ...]
    books: dict[str, Book]
    journal: Journal
    told: Told = Told()
    repeats: tuple[Repeat, ...] = ()
    downs: tuple[Span, ...] = ()
    until: int = 0
    faults: tuple[str, ...] = ()


def read_journal(folder: Path) -> Journal:
    """The store, beside a running daemon or after it, in one snapshot."""
    database = apsw.Connection(str(folder / "opentrader.db"), flags=apsw.SQLITE_OPEN_READONLY)
    with closing(database):
        database.execute("BEGIN")
        return _journal(database)


def _journal(store: apsw.Connection) -> Journal:
    pace = stored_pace(store)
    assert pace is not None
    return Journal(
        pace,
        {id_: Intent(id_, key or "", ended is not None) for id_, key, ended in store.execute(_INTENTS)},
        tuple(
            Command(id_, kind, key, frozenset(orjson.loads(trades)))
            for id_, kind, key, trades in store.execute("SELECT id, kind, idem_key, trades FROM commands")
        ),
        {id_: Row(id_, Decimal(pnl), bool(known)) for id_, pnl, known in store.execute(_HISTORY)},
        frozenset(id_ for (id_,) in store.execute(_ON_REQUEST)),
    )


_INTENTS = "SELECT id, idem_key, ended_ms FROM intents JOIN trades USING (id)"
_HISTORY = "SELECT id, pnl, fees_known FROM history"
_ON_REQUEST = "SELECT id FROM trades WHERE body ->> '$.close_reason' IN ('close', 'closeall', 'sell')"

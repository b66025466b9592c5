"""The kinds of events: which rows each kind reads from the system, and what counts as a change between two reads.

A row is one trade, one signal, one agent card. A changed row is sent whole; a removed row is sent as its identifying
fields and `"gone": true`. Fields that only the passing of time changes, like `age_sec`, do not count as a change.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cache
from operator import attrgetter
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.errors import OpentraderError
from opentrader.http.system import System

AGING_FIELDS = frozenset({"age_sec", "stale", "unprotected_sec"})

Row = Any
Rows = list[Row] | str
"""The rows of a kind in the order in which they are sent, or the error code of a refused view."""


@dataclass(frozen=True, slots=True)
class AgentRow:
    """The card of one agent, with the field names of the reply to POST /api/agent/{name}."""

    agent: str
    status: str
    action: str
    ts: int


@dataclass(frozen=True, slots=True)
class HaltState:
    """Whether new entries are blocked. `since` is null when the halt began before the event log did."""

    halted: bool
    reason: str
    since: int | None


@dataclass(frozen=True, slots=True)
class EventKind:
    """One kind of events. `key_fields` identify a row.

    `gate` is the message whose admission rules apply, where these are not the rules of the view itself.
    """

    view: messages.View[Any]
    rows: Callable[[Any], Iterable[Row]]
    key_fields: tuple[str, ...] = ()
    gate: type[Message[Any]] | None = None
    append_only: bool = False

    def read(self, system: System) -> Rows:
        """The rows as they are now, or the code of the refusal."""
        try:
            system.admit(self.gate or type(self.view))
            return list(self.rows(system.view(self.view)))
        except OpentraderError as error:
            return error.code

    def changes(self, before: Rows, now: Rows) -> list[dict[str, Any]]:
        """The events that lead from one read to the next; after a refusal all rows are sent again."""
        if isinstance(now, str) or isinstance(before, str):
            return [] if now == before else snapshot(now)
        return _appended(before, now) if self.append_only else self._changed(before, now)

    def _changed(self, before: Sequence[Row], now: Sequence[Row]) -> list[dict[str, Any]]:
        """New and different rows, then removed ones."""
        old, new = ({self._key(row): row for row in rows} for rows in (before, now))
        changed = [_as_dict(row) for key, row in new.items() if key not in old or _differ(old[key], row)]
        gone = [dict(zip(self.key_fields, key, strict=True)) | {"gone": True} for key in old if key not in new]
        return changed + gone

    def _key(self, row: Row) -> tuple[Any, ...]:
        return tuple(getattr(row, name) for name in self.key_fields)


def snapshot(rows: Rows) -> list[dict[str, Any]]:
    """All rows as event data; for a refusal one object with its `code`."""
    return [{"code": rows}] if isinstance(rows, str) else [_as_dict(row) for row in rows]


def _appended(before: Sequence[Row], now: Sequence[Row]) -> list[dict[str, Any]]:
    """The lines after the known ones. The log drops old lines, so `now` begins with some end of `before`."""
    overlaps = (len(before) - k for k in range(len(before) + 1) if before[k:] == now[: len(before) - k])
    return [_as_dict(line) for line in now[next(overlaps) :]]


def _as_dict(row: Row) -> dict[str, Any]:
    return {field.name: getattr(row, field.name) for field in fields(row)}


def _differ(old: Row, new: Row) -> bool:
    compared = _compared_fields(new.__class__)
    return old is not new and bool(compared(old) != compared(new))


@cache
def _compared_fields(row_type: type) -> Callable[[Row], Any]:
    """Reads the fields of a row that count as a change."""
    return attrgetter(*(field.name for field in fields(row_type) if field.name not in AGING_FIELDS))


def _agents(state: messages.State) -> list[AgentRow]:
    return [AgentRow(name, card.status, card.action, card.ts) for name, card in state.agents.items()]


def _alerts(status: messages.BotStatus) -> Iterable[messages.AlertRow]:
    return status.alerts


def _halt_state(status: messages.BotStatus) -> list[HaltState]:
    return [HaltState(status.halted, status.halt_reason or "", None)]


KINDS: Mapping[str, EventKind] = {
    "trade": EventKind(messages.OpenTrades(), lambda reply: reply.trades, ("id", "symbol")),
    "signal": EventKind(messages.SignalRows(), lambda reply: reply.signals, ("symbol",)),
    "pending": EventKind(messages.PendingEntries(), lambda reply: reply.pending, ("id", "symbol")),
    "agent": EventKind(messages.BoardState(), _agents, ("agent",)),
    "trend": EventKind(messages.TrendRows(), lambda reply: reply.data, ("symbol", "timeframe")),
    "market": EventKind(messages.MarketRows(), lambda reply: reply.data, ("symbol", "htf_tf", "mtf_tf")),
    # Halting needs no license, so reading the halt state needs none either, nor does a page.
    "halt": EventKind(messages.StatusOf(), _halt_state, gate=messages.Halt),
    "page": EventKind(messages.StatusOf(), _alerts, ("code", "trade", "symbol"), gate=messages.Halt),
    "log": EventKind(messages.BoardState(), lambda reply: reversed(reply.log), append_only=True),
    "license": EventKind(messages.LicenseOf(), lambda reply: (reply,)),
}
"""The kinds by name, in the order in which a stream sends its snapshot."""

"""Closing positions: those of one symbol, or all."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

from opentrader.actors.messages.history import ClosedTradeReply
from opentrader.actors.messages.pending import PendingEntry
from opentrader.actors.messages.types import OK, Caller, ScanFailure, Symbol
from opentrader.actors.runtime.message import Message


@dataclass(frozen=True, slots=True)
class ClosedReply:
    """`intent_id`: the id of the command in the journal."""

    ok: OK = field(default=True, init=False)
    symbol: str
    closed: tuple[ClosedTradeReply, ...]
    count: int
    intent_id: str


@dataclass(frozen=True, slots=True)
class ClosePosition(Message[ClosedReply]):
    """Close the trades of a symbol: cancel their protection and sell at market."""

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    urgent: ClassVar[bool] = True
    symbol: Symbol
    agent: Caller = "ops"
    idem_key: str = ""


@dataclass(frozen=True, slots=True)
class ClosedAll:
    """`ok` is False when a position could not be closed. `intent_id`: the id of the command in the journal.

    `cancelled_entries`: the pending entries that were taken back, if that was asked for, and had bought nothing.
    """

    ok: bool
    closed: tuple[ClosedTradeReply, ...]
    failed: tuple[ScanFailure, ...]
    count: int
    intent_id: str
    cancelled_entries: tuple[PendingEntry, ...] = ()


@dataclass(frozen=True, slots=True)
class CloseAll(Message[ClosedAll]):
    """Close every open position; pending entries are left alone, or canceled as well with `cancel_pending=true`."""

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    cancel_pending: bool = False
    agent: Caller = "ops"
    idem_key: str = ""

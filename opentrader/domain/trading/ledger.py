"""Closed trades, commands, audit entries, control and idempotency keys.

Money is `Decimal`; instants are Unix seconds unless the name ends in `_ms`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from opentrader.domain.signals import Direction
from opentrader.domain.trading.venue import ZERO
from opentrader.errors import IdempotencyInProgress

IDEMPOTENCY_SECONDS = 24 * 3600
"""How long the answer to an Idempotency-Key is stored."""


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """A closed trade. `pnl` is net of `fees`; both are in the quote currency.

    `counted`: whether it counts in the statistics. An orphan does not, because the exchange never held it.
    `fees_known`: the figures are exact; before that they are provisional, with the highest fees for what is not known.
    `left_over`: bought and not sold, in the base asset, valued 0; None where it was not recorded.
    """

    id: str
    symbol: str
    direction: Direction
    size: Decimal
    entry_px: Decimal
    exit_px: Decimal
    pnl: Decimal
    pnl_pct: Decimal
    bot: str
    source: str
    exit_reason: str
    opened_at: int
    closed_at: int
    agent: str | None = None
    fees: Decimal = ZERO
    cancelled_orders: tuple[int | str, ...] = ()
    counted: bool = True
    fees_known: bool = False
    left_over: Decimal | None = None

    @property
    def provisional(self) -> bool:
        """Whether it is booked again once the exchange has told of all fills."""
        return not self.fees_known and self.left_over is not None

    @property
    def day_pnl(self) -> Decimal:
        """What counts for the loss of the day: coins that went without an order of ours were taken, not lost.

        They count at the price at which the trade was found closed, or at the entry price if that is lower.
        """
        if self.exit_reason != "external" or not self.left_over:
            return self.pnl
        return self.pnl + self.left_over * min(self.entry_px, self.exit_px)


CommandKind = Literal["close", "closeall", "closeall_pending", "sell", "cancel", "drop", "levels"]


@dataclass(frozen=True, slots=True)
class Command:
    """A request about trades that exist, journaled in the commit that acts on it.

    `trades` are the ids of all trades that it is about, decided once: they tell what became of it, whatever is open by
    then. A `closeall_pending` is about the entries that wait as well. `outcome`: `accepted`, or the code of the error
    that it was answered with, because there was no position. `symbol` is empty for all symbols.
    """

    id: str
    kind: CommandKind
    symbol: str
    agent: str
    idem_key: str
    trades: tuple[str, ...]
    at_ms: int
    outcome: str = "accepted"


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One state change. `outcome`: `ok` or an error code. `status`: HTTP status, 0 for changes by the daemon itself.

    `params` contain no token, key or address: the writer of the entry removes them. The store assigns `id`.
    """

    ts: int
    agent: str
    action: str
    symbol: str | None
    outcome: str
    status: int
    request_id: str | None
    params: Mapping[str, Any]
    id: int = 0


@dataclass(frozen=True, slots=True)
class Control:
    """The halt of entries, with its reason. `closeall_since`: start of a closeall that is not complete."""

    halted: bool = False
    reason: str = ""
    since: int | None = None
    closeall_since: int | None = None


@dataclass(frozen=True, slots=True)
class SymbolHalt:
    """No entry in a symbol before an operator ends it, because of a sale that the book cannot explain."""

    symbol: str
    reason: str
    since: int


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request with an Idempotency-Key. `intent_id`: the intent or command that it has begun, empty before that."""

    key: str
    method: str
    path: str
    fingerprint: str
    created_at: int
    intent_id: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A reservation and, once the request is answered, its HTTP status and body."""

    reservation: Reservation
    state: Literal["running", "done"] = "running"
    status: int | None = None
    body: bytes | None = None


class KeyTaken(IdempotencyInProgress):
    """The Idempotency-Key is in use; `found` is its request and, if there is one, the answer."""

    def __init__(self, found: Remembered) -> None:
        super().__init__("an earlier request used this Idempotency-Key")
        self.found = found


def fingerprint(method: str, path: str, parameters: Mapping[str, Any]) -> str:
    """A hash of the request that does not depend on the order of its parameters."""
    request = json.dumps([method, path, parameters], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(request.encode("utf-8", "surrogatepass")).hexdigest()

"""What is kept of trading beside the trades themselves. Money is `Decimal`; instants are whole Unix seconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from opentrader.domain.signals import Direction
from opentrader.domain.trading.venue import ZERO
from opentrader.errors import NotPossible

IDEMPOTENCY_SECONDS = 24 * 3600
"""How long an answer is kept for its key."""


@dataclass(frozen=True, slots=True)
class ClosedTrade:
    """A trade of the history. `pnl` is net of `fees`; all are in the quote currency.

    `counted`: whether it belongs into the statistics. An orphan does not: the exchange never held it.
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


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """One act. `outcome`: `ok` or an error code. `status`: of HTTP, 0 for the daemon's own acts.

    `params` hold no token, key or address: who writes the entry takes them out. `id` is given by the store.
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
    """What stands between an entry and the exchange. `closeall_since`: a closeall has begun and is not done."""

    halted: bool = False
    reason: str = ""
    since: int | None = None
    closeall_since: int | None = None


@dataclass(frozen=True, slots=True)
class Reservation:
    """A request under an Idempotency-Key. `intent_id`: the trade that it makes, empty if it makes none."""

    key: str
    method: str
    path: str
    fingerprint: str
    created_at: int
    intent_id: str = ""


@dataclass(frozen=True, slots=True)
class Remembered:
    """A reservation and, once the request is done, its answer: HTTP status and body."""

    reservation: Reservation
    state: Literal["running", "done"] = "running"
    status: int | None = None
    body: bytes | None = None


class KeyTaken(NotPossible):
    """The Idempotency-Key is in use: `found` says for which request, and how that ended."""

    code = "idempotency_in_progress"

    def __init__(self, found: Remembered) -> None:
        super().__init__("a request with this Idempotency-Key was made before")
        self.found = found


def fingerprint(method: str, path: str, parameters: Mapping[str, Any]) -> str:
    """A hash that is the same for the same request, in whatever order its parameters come."""
    told = json.dumps([method, path, parameters], sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()

"""The life of a signal: posted, pending until somebody decides, and gone when nobody does.

    pending --confirm--> consumed
       |-----reject----> skipped
       '--TTL, cleanup-> expired

A pair has one signal at a time. Everything in here is pure: the instant of asking comes in.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

from opentrader.errors import SignalExpired, SignalNotPending

Direction = Literal["buy", "sell"]
SignalStatus = Literal["pending", "consumed", "skipped", "expired"]
PostStatus = Literal[
    "pending", "telegram_failed", "duplicate_skipped", "trade_exists_skipped", "no_position_sell_skipped"
]


@dataclass(frozen=True, slots=True)
class SignalRecord:
    """A signal as it is kept. Instants are Unix seconds; `body` holds what the poster said beyond the three."""

    pair: str
    direction: Direction
    bot: str
    status: SignalStatus
    notified: bool
    created_at: int
    updated_at: int
    expires_at: int
    body: dict[str, Any] = field(default_factory=dict)

    def status_at(self, now: float) -> SignalStatus:
        """The status as of `now`: a pending signal expires by the clock, whether or not anybody noted it."""
        return "expired" if self.status == "pending" and now >= self.expires_at else self.status

    def same_as(self, direction: Direction, bot: str, now: float) -> bool:
        """Whether a post of this direction and bot would say again what is pending already."""
        return self.status_at(now) == "pending" and (self.direction, self.bot) == (direction, bot)


def refusal(
    pair: str, direction: Direction, bot: str, *, held: bool, known: SignalRecord | None, now: float
) -> PostStatus | None:
    """Why a post stores nothing, or None. The order is the contract's: position first, then duplicate."""
    if direction == "sell" and not held:
        return "no_position_sell_skipped"
    if direction == "buy" and held:
        return "trade_exists_skipped"
    if known is not None and known.same_as(direction, bot, now):
        return "duplicate_skipped"
    return None


def demand_pending(signal: SignalRecord, now: float) -> None:
    """Raise `SignalExpired` or `SignalNotPending` unless somebody may still decide about this signal."""
    status = signal.status_at(now)
    if status == "expired":
        raise SignalExpired(f"the signal of {signal.pair} has expired", hint="post it again", signal_status=status)
    if status != "pending":
        raise SignalNotPending(f"the signal of {signal.pair} is {status}, not pending", signal_status=status)


def decided(signal: SignalRecord, status: SignalStatus, now: float) -> SignalRecord:
    """The signal after a decision; raises as `demand_pending` does."""
    demand_pending(signal, now)
    return replace(signal, status=status, updated_at=int(now))


def swept(signals: list[SignalRecord], max_age_seconds: float, now: float) -> tuple[list[str], list[str]]:
    """What a cleanup does, as (pairs to expire, pairs to delete).

    Signals of that age or more that the book still has as pending expire, whether or not their time was over by the
    clock; those that were consumed, skipped or expired by an earlier cleanup are deleted.
    """
    old = [s for s in signals if now - s.created_at >= max_age_seconds]
    expire = [s.pair for s in old if s.status == "pending"]
    delete = [s.pair for s in old if s.status != "pending"]
    return expire, delete

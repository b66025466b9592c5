"""The life cycle of a signal: pending after its post, until it is confirmed, rejected or expires.

    pending --confirm--> consumed
       |-----reject----> skipped
       '--TTL, cleanup-> expired

A pair has one signal at a time. All functions are pure: the caller passes the current time.
"""

from __future__ import annotations

from collections.abc import Iterable
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
    """A stored signal. Instants are Unix seconds; `body` holds the other fields of the post.

    `lapsed_at`: when the time of the pending signal was seen to be over.
    """

    pair: str
    direction: Direction
    bot: str
    status: SignalStatus
    notified: bool
    created_at: int
    updated_at: int
    expires_at: int
    body: dict[str, Any] = field(default_factory=dict)
    lapsed_at: int | None = None

    def status_at(self, now: float) -> SignalStatus:
        """The status at `now`: a pending signal expires by the clock, even before a cleanup has stored that."""
        return (
            "expired" if self.status == "pending" and (self.lapsed_at is not None or self._over(now)) else self.status
        )

    def lapses(self, now: float) -> bool:
        """Whether it expires by the clock at `now`, and nobody has noted that yet."""
        return self.status == "pending" and self.lapsed_at is None and self._over(now)

    def _over(self, now: float) -> bool:
        """A signal from the future was posted before somebody set the clock back: how old it is, nobody can tell."""
        return now >= self.expires_at or now < self.created_at

    def same_as(self, direction: Direction, bot: str, now: float) -> bool:
        """Whether a post with this direction and bot repeats the pending signal."""
        return self.status_at(now) == "pending" and (self.direction, self.bot) == (direction, bot)


def refusal(
    pair: str, direction: Direction, bot: str, *, held: bool, known: SignalRecord | None, now: float
) -> PostStatus | None:
    """Why a post is not stored, None if it is. The API fixes the order: position first, then duplicate."""
    if direction == "sell" and not held:
        return "no_position_sell_skipped"
    if direction == "buy" and held:
        return "trade_exists_skipped"
    if known is not None and known.same_as(direction, bot, now):
        return "duplicate_skipped"
    return None


def demand_pending(signal: SignalRecord, now: float) -> None:
    """Raise `SignalExpired` or `SignalNotPending` unless the signal is pending at `now`."""
    status = signal.status_at(now)
    if status == "expired":
        raise SignalExpired(f"the signal of {signal.pair} has expired", hint="Post it again.", signal_status=status)
    if status != "pending":
        raise SignalNotPending(f"the signal of {signal.pair} is {status}, not pending", signal_status=status)


def decided(signal: SignalRecord, status: SignalStatus, now: float) -> SignalRecord:
    """The signal after a decision. Raises what `demand_pending` raises."""
    demand_pending(signal, now)
    return replace(signal, status=status, updated_at=int(now))


def lapsed(signals: Iterable[SignalRecord], now: float) -> list[SignalRecord]:
    """The pending signals whose time is over at `now`, and not noted as over yet."""
    return [signal for signal in signals if signal.lapses(now)]


def swept(signals: list[SignalRecord], max_age_seconds: float, now: float) -> tuple[list[str], list[str]]:
    """The work of a cleanup: (pairs to expire, pairs to delete).

    Of the signals with at least this age, those stored as pending expire, even if their TTL is not over; those stored
    as consumed, skipped or expired are deleted.
    """
    old = [s for s in signals if now - s.created_at >= max_age_seconds]
    expire = [s.pair for s in old if s.status == "pending"]
    delete = [s.pair for s in old if s.status != "pending"]
    return expire, delete

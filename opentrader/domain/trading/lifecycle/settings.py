"""The parameters of the lifecycle. Durations are in milliseconds; H and R depend on the venue, tests shrink them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class LifecycleSettings:
    """How long to wait and how often to retry.

    `horizon` (H) is how late a request may still arrive: the receive window of 3 s, 10 s of the engine, 2 s margin.
    `read_lag` (R) is the assumed upper bound of the age of a read.
    """

    horizon: int = 15_000
    read_lag: int = 5_000
    bounded: bool = True  # False: requests may arrive at any time, so no order is ever taken as absent
    stamped: bool = True  # the venue refuses requests with an old timestamp; otherwise a kill restarts the horizon
    poll: int = 1_000
    resting: int = 10_000  # between two looks at an order that rests
    listed: int = 45_000  # an open list that no read of the whole account has shown for this long is read by itself
    late_fills: int = 10_000  # between two reads of fills that the venue has not told of yet
    reconcile: int = 30_000
    shared_age: int = 3_000  # a read of the whole account that is younger than this serves a look at resting orders
    send_within: int = 5_000  # a market entry that was planned longer ago is not sent
    collar: Decimal = Decimal("0.05")  # nor with a price that has moved farther than this, as a fraction
    vote_gap: int = 2_000  # between two reads that count
    partial_protect_after: int = 15_000
    tp_rest_after: int = 10_000
    gap_after: int = 5_000
    close_pause: int = 60_000  # after failed closes; twice as long each time that nothing else has changed
    longest_pause: int = 900_000
    price_moved: Decimal = Decimal("0.01")  # a price that has changed so much may end the cause of a failed close
    budget: int = 6  # exits and closes of one trade that may be sent within `budget_window`
    budget_window: int = 60_000
    page_every: int = 60_000
    unknown_page: int = 300_000
    unseen_page: int = 60_000
    unseen_quarantine: int = 300_000
    absent_watch: int = 24 * 3_600_000
    max_closes: int = 4
    max_protects: int = 3
    max_disagree: int = 8
    short_votes: int = 3
    notional_margin: Decimal = Decimal("1.1")
    held_share: Decimal = Decimal("0.98")  # a wallet with at least this share holds the position minus dust and fees
    stop_gap: Decimal = Decimal("0.002")  # between a trailed stop and the last price
    trail_step: Decimal = Decimal("0.0025")
    trail_every: int = 60_000
    limit_offset: Decimal = Decimal("0.005")  # distance of the limit of a stop-limit from its stop

    def at_speed(self, speed: float) -> LifecycleSettings:
        """The same in market time: what belongs to the process and the line is counted in seconds of real time."""
        scaled: dict[str, Any] = {name: int(getattr(self, name) * max(1.0, speed)) for name in REAL_TIME}
        return replace(self, **scaled)

    @property
    def pushed(self) -> LifecycleSettings:
        """The same while the venue tells of changes: any order that rests is read with all open orders."""
        return replace(self, resting=self.listed)

    @property
    def bare_limit(self) -> int:
        """X: how long one unknown outcome may leave a position without a live exit."""
        return self.horizon + self.read_lag + 2 * self.poll


REAL_TIME = (
    "horizon",
    "read_lag",
    "poll",
    "resting",
    "listed",
    "late_fills",
    "reconcile",
    "shared_age",
    "send_within",
    "vote_gap",
    "partial_protect_after",
    "close_pause",
    "longest_pause",
    "budget_window",
    "page_every",
    "unknown_page",
    "unseen_page",
    "unseen_quarantine",
)

BINANCE = LifecycleSettings()

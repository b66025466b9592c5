"""Stops and targets that rest on no exchange, sorted: a price finds those that it reaches without asking the rest."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from decimal import Decimal
from operator import itemgetter

Level = tuple[Decimal, str]  # a price, and whose it is
_px = itemgetter(0)


class PriceLevels:
    """The levels of one market, by key. A price that reaches none costs two comparisons, however many there are."""

    def __init__(self) -> None:
        self._of: dict[str, tuple[Decimal, Decimal]] = {}
        self._stops: list[Level] = []  # both ascending
        self._targets: list[Level] = []

    def __bool__(self) -> bool:
        return bool(self._of)

    def put(self, key: str, stop: Decimal, target: Decimal) -> None:
        """The levels of a key, in place of those that it had."""
        if self._of.get(key) != (stop, target):
            self.drop(key)
            self._of[key] = (stop, target)
            insort(self._stops, (stop, key))
            insort(self._targets, (target, key))

    def drop(self, key: str) -> None:
        if key in self._of:
            stop, target = self._of.pop(key)
            del self._stops[bisect_left(self._stops, (stop, key))]
            del self._targets[bisect_left(self._targets, (target, key))]

    def reached(self, bid: Decimal, ask: Decimal) -> Iterable[str]:
        """The keys of the stops at or above the bid, then of the targets at or below the ask; each once."""
        stops, targets = self._stops, self._targets
        if not stops or (stops[-1][0] < bid and targets[0][0] > ask):
            return ()
        low = stops[bisect_left(stops, bid, key=_px) :]
        high = targets[: bisect_right(targets, ask, key=_px)]
        return dict.fromkeys(key for _, key in (*low, *high))

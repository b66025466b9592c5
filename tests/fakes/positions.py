"""The positions that the books ask for, as a test sets them."""

from __future__ import annotations


class HeldPairs:
    def __init__(self) -> None:
        self.pairs: set[str] = set()
        self.waiting: set[str] = set()
        self.today = 0
        self.stopped = False

    def held(self, pair: str) -> bool:
        return pair in self.pairs

    def trades_today(self) -> int:
        return self.today

    def halted(self) -> bool:
        return self.stopped

    def awaited(self, pair: str) -> bool:
        return pair in self.waiting

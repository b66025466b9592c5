"""Where orders go. Without an exchange there is nothing to hold."""

from __future__ import annotations


class NoPositions:
    """The answers of a daemon that does not trade: nothing is held, nothing was traded."""

    def held(self, pair: str) -> bool:
        return False

    def trades_today(self) -> int:
        return 0

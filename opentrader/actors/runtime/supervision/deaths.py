"""How many deaths are too many."""

from __future__ import annotations

from collections import deque


class Deaths:
    """The latest deaths, of any actors: `limit` of them in `window_seconds` call for more than a restart."""

    def __init__(self, limit: int, window_seconds: float) -> None:
        self._recent: deque[float] = deque(maxlen=limit)
        self._limit = limit
        self._window = window_seconds

    def count(self, at: float) -> bool:
        """Count one at wall time `at`, in seconds; whether they have become too many."""
        self._recent.append(at)
        return len(self._recent) == self._limit and at - self._recent[0] <= self._window

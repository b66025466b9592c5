"""How long commits take, and whether that is too long for an entry."""

from __future__ import annotations

import logging
from collections import deque

SLOW_SECONDS = 0.5
HANGING_SECONDS = 3.0
LATEST = 5  # commits that are judged together
MOST_SLOW = 3  # of these
FAST = 10  # commits in a row that end it

logger = logging.getLogger(__name__)


class CommitPace:
    """`degraded` from 3 slow commits of 5, or from one that hangs, until 10 in a row are fast.

    Only the writer adds to it; any thread may read it.
    """

    def __init__(self) -> None:
        self.degraded = False
        self.slow = 0  # commits since the start
        self._latest: deque[bool] = deque(maxlen=LATEST)
        self._fast = 0  # in a row

    def took(self, seconds: float) -> None:
        """Another commit is done."""
        slow = seconds > SLOW_SECONDS
        self._latest.append(slow)
        self.slow += slow
        self._fast = 0 if slow else self._fast + 1
        if seconds > HANGING_SECONDS or sum(self._latest) >= MOST_SLOW:
            if not self.degraded:
                logger.warning("the disk is slow (the last commit took %.1f s): entries are refused meanwhile", seconds)
            self.degraded = True
        elif self.degraded and self._fast >= FAST:
            self.degraded = False
            logger.warning("the disk is fast again: entries are allowed")

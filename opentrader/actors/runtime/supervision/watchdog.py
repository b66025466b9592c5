"""Detects handlers that do not return."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable

from opentrader.actors.runtime.mailbox import Mailbox


class Watchdog:
    """Compares the message that each actor handles now with the one it handled one interval ago.

    The same message means that a handler has been running for at least one interval. An unanswered ping would show
    that too, but this wakes no idle actor, and does not report an actor that works through a long queue.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        seconds: float,
        mailboxes: Callable[[], Iterable[Mailbox]],
        on_stuck: Callable[[str], None],
    ) -> None:
        self._loop = loop
        self._seconds = seconds
        self._mailboxes = mailboxes
        self._on_stuck = on_stuck
        self._in_hand: dict[str, int] = {}
        self.stuck: set[str] = set()
        self._timer: asyncio.TimerHandle | None = None

    def start(self) -> None:
        """Check once per interval from now on."""
        self._timer = self._loop.call_later(self._seconds, self._round)

    def stop(self) -> None:
        """Stop checking."""
        if self._timer is not None:
            self._timer.cancel()

    def _round(self) -> None:
        self.look()
        self.start()

    def look(self) -> None:
        """Compare once, and report actors that have become stuck since the last check."""
        busy = {box.name: box.taken for box in self._mailboxes() if box.in_hand is not None}
        stuck = {name for name, taken in busy.items() if self._in_hand.get(name) == taken}
        newly, self._in_hand, self.stuck = stuck - self.stuck, busy, stuck
        for name in sorted(newly):
            self._on_stuck(name)

"""Things that happen again and again, whoever lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from tests.simulation.loop import outside


def every(loop: asyncio.AbstractEventLoop, seconds: float, call: Callable[[], object]) -> None:
    """Call something after each interval, for ever."""

    def again() -> None:
        call()
        loop.call_later(seconds, again, context=context)

    context = outside()
    loop.call_later(seconds, again, context=context)

"""The wakeup: one ring for many callbacks, in order, and no error for the one who rings."""

from __future__ import annotations

import asyncio
from typing import Any

from opentrader.actors.runtime.reply import Reply
from opentrader.actors.runtime.wakeup import Wakeup


def refuse(_: Any) -> None:
    raise RuntimeError("a callback that raises")


class CountedRings:
    def __init__(self) -> None:
        self.openings: list[Any] = []

    def call_soon_threadsafe(self, opening: Any) -> None:
        self.openings.append(opening)

    def open(self) -> None:
        openings, self.openings = self.openings, []
        for opening in openings:
            opening()


def test_many_callbacks_wake_the_loop_once_and_run_in_order() -> None:
    loop = CountedRings()
    wakeup = Wakeup(loop)  # type: ignore[arg-type]  # as much of a loop as the wakeup needs
    seen: list[int] = []
    for number in range(64):
        wakeup.call(seen.append, number)
    assert len(loop.openings) == 1
    loop.open()
    assert seen == list(range(64))


def test_a_call_from_a_callback_rings_again() -> None:
    loop = CountedRings()
    wakeup = Wakeup(loop)  # type: ignore[arg-type]  # as much of a loop as the wakeup needs
    seen: list[str] = []
    wakeup.call(wakeup.call, seen.append, "again")
    loop.open()
    assert len(loop.openings) == 1
    loop.open()
    assert seen == ["again"]


def test_a_callback_that_raises_does_not_take_the_others_with_it() -> None:
    loop = CountedRings()
    wakeup = Wakeup(loop)  # type: ignore[arg-type]  # as much of a loop as the wakeup needs
    seen: list[int] = []
    wakeup.call(refuse, None)
    wakeup.call(seen.append, 1)
    loop.open()
    assert seen == [1]


def test_a_closed_loop_is_no_error_for_the_one_who_rings() -> None:
    loop = asyncio.new_event_loop()
    loop.close()
    Wakeup(loop).call(print)
    reply: Reply[int] = Reply()
    reply.on_done(lambda _: Wakeup(loop).call(print))
    reply.set(1)
    assert reply.get() == 1

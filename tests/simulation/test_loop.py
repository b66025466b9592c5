"""The loop without a clock: time jumps, order is kept, and a dead life does nothing more."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextvars import copy_context

import pytest

from tests.simulation.clock import every
from tests.simulation.loop import LIFE, Life, Stuck, VirtualLoop, bury, outside


@pytest.fixture
def loop() -> Iterator[VirtualLoop]:
    made = VirtualLoop()
    yield made
    made.close()


def test_a_year_passes_at_once(loop: VirtualLoop) -> None:
    began = time.monotonic()
    loop.run_until_complete(asyncio.sleep(365 * 86_400))
    assert loop.time() == 365 * 86_400
    assert time.monotonic() - began < 60


def test_timers_run_in_order_and_those_of_one_instant_together(loop: VirtualLoop) -> None:
    told = list[tuple[str, float]]()

    def tell(name: str) -> None:
        told.append((name, loop.time()))

    for name, seconds in (("c", 3.0), ("a", 1.0), ("b", 1.0)):
        loop.call_later(seconds, tell, name)
    loop.call_later(4.0, loop.stop)
    loop.run_forever()
    assert [at for _, at in told] == [1.0, 1.0, 3.0]
    assert {name for name, at in told if at == 1.0} == {"a", "b"}


def test_a_blocking_call_runs_on_the_spot(loop: VirtualLoop) -> None:
    async def ask() -> int:
        return await asyncio.to_thread(lambda: 7)

    assert loop.run_until_complete(ask()) == 7


def test_a_loop_with_nothing_to_do_says_so(loop: VirtualLoop) -> None:
    with pytest.raises(Stuck, match="nothing is left"):
        loop.run_until_complete(loop.create_future())


def test_something_can_happen_between_any_two_callbacks(loop: VirtualLoop) -> None:
    told = list[str]()

    async def steps() -> None:
        for number in range(6):
            told.append(str(number))
            await asyncio.sleep(0)

    loop.after(3, lambda: told.append("here"))
    loop.run_until_complete(steps())
    assert told == ["0", "1", "2", "here", "3", "4", "5"]


def test_what_a_dead_life_had_to_do_is_dropped_and_the_rest_goes_on(loop: VirtualLoop) -> None:
    told = list[str]()
    life, context = Life(1), copy_context()
    context.run(LIFE.set, life)

    async def work() -> None:
        try:
            await asyncio.sleep(2)
            told.append("worked")
        finally:
            told.append("cleaned up")

    loop.create_task(work(), context=context)
    every(loop, 1.0, lambda: told.append("outside"))
    loop.call_later(1.5, bury, life, context=outside())
    loop.call_later(3.5, loop.stop, context=outside())
    loop.run_forever()
    assert told == ["outside"] * 3
    assert len(life.tasks) == 1  # referenced: the collector must not run its `finally`

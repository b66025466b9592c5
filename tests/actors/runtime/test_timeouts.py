"""Waits that are too long end, each at its time, on one timer."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors.runtime.timeouts import Timeouts


async def test_a_wait_that_is_too_long_ends_and_the_others_go_on(manual_loop: Any) -> None:
    loop = asyncio.get_running_loop()
    deadlines = Timeouts(manual_loop)
    first, long, second = (loop.create_future() for _ in range(3))
    deadlines.limit(first, 5)
    deadlines.limit(long, 50)
    manual_loop.advance(3)
    deadlines.limit(second, 5)
    manual_loop.advance(2)
    assert [wait.done() for wait in (first, second, long)] == [True, False, False]
    manual_loop.advance(3)
    assert [wait.done() for wait in (first, second, long)] == [True, True, False]
    for late in (first, second):
        with pytest.raises(TimeoutError):
            late.result()


async def test_a_deadline_that_comes_a_little_early_is_on_time(manual_loop: Any) -> None:
    wait = Timeouts(manual_loop).limit(asyncio.get_running_loop().create_future(), 5)
    manual_loop.call_early()
    assert isinstance(wait.exception(), TimeoutError)
    assert manual_loop.timers == []


async def test_waits_that_are_over_cost_one_timer_and_leave_none(manual_loop: Any) -> None:
    deadlines = Timeouts(manual_loop)
    for _ in range(100):
        deadlines.limit(asyncio.get_running_loop().create_future(), 5).set_result(None)
        assert len(manual_loop.timers) == 1
        assert len(deadlines._waits[5]) == 1
    manual_loop.advance(5)
    assert manual_loop.timers == []
    assert deadlines._waits == {}

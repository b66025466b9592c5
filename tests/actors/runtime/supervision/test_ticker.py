"""Time comes from one timer, at the interval of each listener."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors.runtime.message import Tick
from opentrader.actors.runtime.supervision.ticker import Ticker


class Listening:
    """A ticker with two listeners, and who got a tick, in order."""

    def __init__(self, loop: Any, clock: Any) -> None:
        self.loop, self.clock = loop, clock
        self.ticker = Ticker(loop, clock)
        self.heard: list[str] = []
        self.ticks: list[Tick] = []
        self.listen("fast", 2)
        self.listen("slow", 5)

    def listen(self, name: str, seconds: float) -> None:
        def hear(tick: Tick) -> None:
            self.heard.append(name)
            self.ticks.append(tick)

        self.ticker.every(seconds, name, hear)

    def after(self, *steps: float) -> list[str]:
        self.heard.clear()
        for step in steps:
            self.loop.advance(step)
        return list(self.heard)


@pytest.fixture
def listening(manual_loop: Any, clock: Any) -> Listening:
    return Listening(manual_loop, clock)


def test_each_hears_at_its_own_interval(listening: Listening) -> None:
    assert listening.after(*[1] * 10) == ["fast", "fast", "slow", "fast", "fast", "fast", "slow"]


def test_all_listeners_share_one_timer(listening: Listening) -> None:
    for _ in range(10):
        assert len(listening.loop.timers) == 1
        listening.after(1)


def test_a_tick_carries_the_wall_time(listening: Listening) -> None:
    listening.clock.now = 12.5
    listening.after(2)
    assert listening.ticks == [Tick(12.5)]


def test_a_loop_that_was_late_makes_up_for_nothing(listening: Listening) -> None:
    assert listening.after(9) == ["fast", "slow"]
    assert listening.after(0.5) == []
    assert listening.after(0.5) == ["fast", "slow"]  # at 10, in step as before


def test_a_timer_that_comes_a_little_early_is_on_time(listening: Listening) -> None:
    listening.loop.call_early()
    assert listening.heard == ["fast"]
    assert listening.after(1) == []
    assert listening.after(1.1) == ["fast"]


def test_a_name_that_registers_again_has_one_interval(listening: Listening) -> None:
    listening.listen("fast", 3)
    assert listening.after(*[1] * 3) == ["fast"]


def test_after_stop_nobody_hears(listening: Listening) -> None:
    listening.ticker.stop()
    listening.listen("late", 1)
    assert listening.after(10) == []
    assert listening.loop.timers == []


@pytest.mark.parametrize("seconds", [0, -1, float("nan")])
def test_an_interval_must_be_positive(listening: Listening, seconds: float) -> None:
    with pytest.raises(ValueError, match="must be positive"):
        listening.listen("never", seconds)

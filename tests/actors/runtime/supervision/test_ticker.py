"""Time comes from one timer, and the watchdog takes nobody for stuck who is not."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pykka._envelope import Envelope

from opentrader.actors.runtime.mailbox import Mailbox
from opentrader.actors.runtime.message import Tick
from opentrader.actors.runtime.supervision.ticker import Ticker
from opentrader.actors.runtime.supervision.watchdog import Watchdog


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


class Watched:
    def __init__(self) -> None:
        self.box = Mailbox("book", 10)
        self.stuck: list[str] = []
        loop = asyncio.new_event_loop()
        loop.close()
        self.dog = Watchdog(loop, 5, lambda: [self.box], self.stuck.append)

    def take(self) -> None:
        self.box.put(Envelope("work"))
        self.box.get()


def test_the_same_message_in_hand_twice_is_stuck_and_said_once() -> None:
    watched = Watched()
    watched.take()
    watched.dog.look()
    assert watched.stuck == []
    watched.dog.look()
    watched.dog.look()
    assert watched.stuck == ["book"]
    assert watched.dog.stuck == {"book"}


def test_an_actor_that_works_through_a_long_queue_is_not_stuck() -> None:
    watched = Watched()
    for _ in range(3):
        watched.take()
        watched.dog.look()
    assert watched.stuck == []


def test_an_actor_that_moves_again_is_stuck_no_longer_and_can_be_said_to_be_again() -> None:
    watched = Watched()
    watched.take()
    for _ in range(2):
        watched.dog.look()
    watched.take()
    watched.dog.look()
    assert watched.dog.stuck == set()
    watched.dog.look()
    assert watched.stuck == ["book", "book"]


def test_an_idle_actor_is_not_stuck() -> None:
    watched = Watched()
    for _ in range(3):
        watched.dog.look()
    assert watched.stuck == []

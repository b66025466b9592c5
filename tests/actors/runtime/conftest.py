"""A supervisor on the test's own loop, a clock that stands still."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from opentrader.actors.runtime.limits import Limits
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from tests.actors.runtime.book import SAFETY, Book, Bystander
from tests.fakes.clock import CountedIds, StillClock
from tests.fakes.subject import Subject


class ManualLoop:
    """The timers of an event loop, moved by hand."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Callable[..., object], tuple[Any, ...]]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[..., object], *args: Any) -> ManualTimer:
        timer = (when, callback, args)
        self.timers.append(timer)
        return ManualTimer(self, timer)

    def call_early(self) -> None:
        """Run the one timer just before its time, as a loop with a coarse clock does."""
        ((when, callback, args),) = self.timers
        self.timers.clear()
        self.now = when - 0.0004
        callback(*args)

    def advance(self, seconds: float) -> None:
        """Let time pass in one step, as for a loop that was busy, and run what is due."""
        self.now += seconds
        for timer in [timer for timer in self.timers if timer[0] <= self.now]:
            self.timers.remove(timer)
            timer[1](*timer[2])


@dataclass
class ManualTimer:
    loop: ManualLoop
    timer: tuple[float, Callable[..., object], tuple[Any, ...]]

    def cancel(self) -> None:
        if self.timer in self.loop.timers:
            self.loop.timers.remove(self.timer)


@dataclass
class Bench:
    """A supervisor and what it reported."""

    supervisor: Supervisor
    clock: StillClock
    fatal: list[str] = field(default_factory=list)
    stuck: list[str] = field(default_factory=list)
    reported: asyncio.Event = field(default_factory=asyncio.Event)

    def restarts(self) -> dict[str, int]:
        return {row.name: row.restarts for row in self.supervisor.status()}

    async def until_reported(self) -> None:
        await asyncio.wait_for(self.reported.wait(), SAFETY)
        self.reported.clear()


async def at_once() -> None:
    """Nothing is being written."""


@pytest.fixture
async def build() -> AsyncIterator[Callable[..., Bench]]:
    """Makes a `Bench`; keyword arguments are `Limits`, and the barrier. All are stopped after the test."""
    benches: list[Bench] = []

    def make(barrier: Callable[[], Awaitable[object]] = at_once, **limits: Any) -> Bench:
        bench: Bench

        def note(seen: list[str], text: str) -> None:
            seen.append(text)
            bench.reported.set()

        clock = StillClock()
        supervisor = Supervisor(
            asyncio.get_running_loop(),
            clock,
            CountedIds(),
            on_fatal=lambda reason: note(bench.fatal, reason),
            on_stuck=lambda name: note(bench.stuck, name),
            barrier=barrier,
            limits=Limits(**limits),
        )
        bench = Bench(supervisor, clock)
        benches.append(bench)
        return bench

    yield make
    for bench in benches:
        await bench.supervisor.stop()


@pytest.fixture
def manual_loop() -> ManualLoop:
    return ManualLoop()


@pytest.fixture
def clock() -> StillClock:
    return StillClock()


@pytest.fixture
async def bench(build: Any) -> Bench:
    """A book and a bystander, started."""
    made: Bench = build()
    made.supervisor.add("other", Bystander)
    made.supervisor.add("book", Book)
    await made.supervisor.start()
    return made


@pytest.fixture(autouse=True)
def log() -> list[str]:
    """What the subjects of this test lived through."""
    Subject.log = []
    return Subject.log

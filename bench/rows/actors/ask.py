"""P7: a question to an actor from the event loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvloop

from bench.anchors.bridge import bridge
from bench.row import Figure, Row, Run, at_least, at_most
from bench.subject.actors import Actor, Message, SortableIds, Supervisor, SystemClock, handles
from bench.timing import interleaved, times_as_fast, times_the_cost

ASKS = 512  # of one repeat
IN_FLIGHT = 64
Asking = Callable[[], Awaitable[object]]


@dataclass(frozen=True, slots=True)
class Echo(Message[int]):
    """Answered with its number."""

    owner = "echo"
    number: int


class Echoing(Actor):
    """Answers at once, so that only the way there and back is measured."""

    @handles(Echo)
    def echo(self, message: Echo) -> int:
        return message.number


def measure(run: Run) -> Iterator[Figure]:
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        loop = runner.get_loop()
        with bridge(loop) as bare, _supervised(runner) as supervisor:
            found = interleaved(
                {
                    "ask": lambda: runner.run(_in_turn(lambda: supervisor.ask(Echo(1), timeout=60))),
                    "bridge": lambda: runner.run(_in_turn(lambda: bare.ask(1))),
                    "many": lambda: runner.run(_at_once(lambda: supervisor.ask(Echo(1), timeout=60))),
                }
            )
    ask, bare_ask, many = (found[name].per(ASKS) for name in ("ask", "bridge", "many"))
    yield times_the_cost("one at a time", ask, bare_ask, at_most(1.2))
    yield times_as_fast("64 in flight against one at a time", many, ask, at_least(2.5))


@contextmanager
def _supervised(runner: asyncio.Runner) -> Iterator[Supervisor]:
    """A supervisor with the one actor."""
    supervisor = Supervisor(
        runner.get_loop(), SystemClock(), SortableIds(), on_fatal=_fail, on_stuck=None, barrier=_at_rest
    )
    supervisor.add("echo", Echoing)
    runner.run(supervisor.start())
    try:
        yield supervisor
    finally:
        runner.run(supervisor.stop())


def _fail(reason: str) -> None:
    raise AssertionError(reason)


async def _at_rest() -> None:
    """Nothing is being written."""


async def _in_turn(ask: Asking) -> None:
    for _ in range(ASKS):
        await ask()


async def _at_once(ask: Asking) -> None:
    for _ in range(ASKS // IN_FLIGHT):
        await asyncio.gather(*(ask() for _ in range(IN_FLIGHT)))


ROW = Row(
    "P7",
    what="`ask` of an actor from asyncio",
    anchor="the barest bridge: SimpleQueue, call_soon_threadsafe and a future; 64 in flight: one at a time",
    target="<= 1.2x; >= 2.5x",
    note="On uvloop, as in the daemon. The actor answers at once.",
    measure=measure,
)

"""An actor with a handler for each thing that can go wrong, and one that has nothing to do with it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply

SAFETY = 20.0  # seconds after which a test that waits for an event has failed; no test depends on its length
BROKEN = "broken"  # the name of work whose continuation fails
FAULTS = [RuntimeError("secret"), MemoryError(), SystemExit(3), KeyboardInterrupt(), GeneratorExit()]


@dataclass(frozen=True, slots=True)
class ToBook(Message[Any]):
    owner: ClassVar[str] = "book"


@dataclass(frozen=True, slots=True)
class Raise(ToBook):
    error: BaseException


@dataclass(frozen=True, slots=True)
class Seen(ToBook):
    """Answers what this life of the book has done, in order."""


@dataclass(frozen=True, slots=True)
class Unknown(ToBook):
    """Nobody handles it."""


@dataclass(frozen=True, slots=True)
class Other(ToBook):
    owner: ClassVar[str] = "other"


@dataclass(frozen=True, slots=True)
class Hold(ToBook):
    """Keeps the actor's thread in a handler."""

    entered: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Work(ToBook):
    """A coroutine per step; each holds the symbol."""

    symbol: str
    name: str
    steps: tuple[Callable[[], Any], ...]


@dataclass(frozen=True, slots=True)
class Worked(Message[Any]):
    work: Work
    outcome: Outcome[Any]


class Book(Actor):
    def __init__(self, context: Any) -> None:
        super().__init__(context)
        self.seen: list[str] = []

    def exclusive_of(self, message: Message[Any]) -> str | None:
        return message.symbol if isinstance(message, Work) else None

    @handles(Raise)
    def fail(self, message: Raise) -> None:
        raise message.error

    @handles(Seen)
    def list_seen(self, message: Seen) -> list[str]:
        return list(self.seen)

    @handles(Hold)
    def hold(self, message: Hold) -> str:
        message.entered.set()
        message.release.wait(SAFETY)
        return "held"

    @handles(Work)
    def work(self, message: Work) -> Reply[Any]:
        self.seen.append(f"begin {message.name}")
        step = message.steps[0]()
        rest = Work(message.symbol, message.name, message.steps[1:])
        facts = {"work": message.name}
        return self.pipe(step, then=partial(Worked, rest), exclusive=message.symbol, facts=facts)

    @handles(Worked)
    def worked(self, message: Worked) -> Any:
        if message.work.name == BROKEN:
            raise RuntimeError("in the continuation")
        if message.work.steps:
            return self.work(message.work)
        self.seen.append(f"end {message.work.name}")
        return message.outcome.unwrap()


class Bystander(Actor):
    @handles(Other)
    def answer(self, message: Other) -> str:
        return "answer"


def ask(bench: Any, message: Message[Any]) -> asyncio.Task[Any]:
    """Asked now, in the order of the calls; the answer is awaited later."""
    return asyncio.create_task(bench.supervisor.ask(message, timeout=SAFETY))


async def turn(bench: Any) -> None:
    """Until everything that was asked so far has been taken up by the actor."""
    await ask(bench, Seen())


async def raises(error: BaseException) -> None:
    raise error


async def opened(gate: asyncio.Event) -> str:
    await gate.wait()
    return "opened"


def work(symbol: str, name: str, *gates: asyncio.Event) -> Work:
    return Work(symbol, name, tuple(partial(opened, gate) for gate in gates))


def opened_gate() -> asyncio.Event:
    gate = asyncio.Event()
    gate.set()
    return gate

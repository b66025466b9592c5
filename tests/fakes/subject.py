"""An actor that does what it is told, and notes what it lives through."""

from __future__ import annotations

import asyncio
import threading
from dataclasses import dataclass, field
from functools import partial
from typing import Any, ClassVar

import pytest

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.errors import InternalError
from tests.actors.runtime.book import SAFETY, ask


@dataclass(frozen=True, slots=True)
class To(Message[Any]):
    """Addressed as the test likes, which no real message is."""

    owner: str  # type: ignore[misc]  # a class variable of every other message
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Name(To):
    """Answers the name of the actor and its thread."""


@dataclass(frozen=True, slots=True)
class Die(To):
    pass


@dataclass(frozen=True, slots=True)
class Publish(To):
    snapshot: str = ""


@dataclass(frozen=True, slots=True)
class Hold(To):
    entered: threading.Event = field(default_factory=threading.Event)
    release: threading.Event = field(default_factory=threading.Event)
    left: threading.Event = field(default_factory=threading.Event)


@dataclass(frozen=True, slots=True)
class Await(To):
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    first_ask: Message[Any] | None = None
    then_hold: Hold | None = None


@dataclass(frozen=True, slots=True)
class Awaited(Message[Any]):
    then_hold: Hold | None
    outcome: Outcome[Any]


class Subject(Actor):
    """Does what it is told, and notes what it lives through."""

    log: ClassVar[list[str]]

    def on_start(self) -> None:
        self.log.append(f"start {self.context.name}")

    def on_stop(self) -> None:
        self.log.append(f"stop {self.context.name}")

    @handles(Name)
    def name(self, message: Name) -> str:
        return self.context.name

    @handles(Die)
    def die(self, message: Die) -> None:
        raise RuntimeError("death")

    @handles(Publish)
    def show(self, message: Publish) -> None:
        self.publish(message.snapshot)

    @handles(Hold)
    def hold(self, message: Hold) -> None:
        message.entered.set()
        message.release.wait(SAFETY)
        message.left.set()

    @handles(Await)
    def wait(self, message: Await) -> Reply[Any]:
        return self.pipe(self._gate(message), then=partial(Awaited, message.then_hold))

    async def _gate(self, message: Await) -> Any:
        await message.gate.wait()
        return message.first_ask and await self.context.ask(message.first_ask, timeout=SAFETY)

    @handles(Awaited)
    def awaited(self, message: Awaited) -> Any:
        if message.then_hold is not None:
            self.hold(message.then_hold)
        return message.outcome.unwrap()


async def started(build: Any, *names: str, **limits: Any) -> Any:
    bench = build(**limits)
    for name in names:
        bench.supervisor.add(name, Subject)
    await bench.supervisor.start()
    return bench


async def entered(bench: Any, name: str) -> tuple[Hold, asyncio.Task[Any]]:
    """An actor whose thread is held in a handler."""
    hold = Hold(name)
    asked = ask(bench, hold)
    await asyncio.to_thread(hold.entered.wait, SAFETY)
    assert hold.entered.is_set()
    return hold, asked


async def dies(bench: Any, name: str, key: str | None = None) -> None:
    with pytest.raises(InternalError):
        await ask(bench, Die(name, key))

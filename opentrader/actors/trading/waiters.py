"""Who waits for which outcome of which trades. The conditions are checked on the actor's thread, after each change."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.part import Links, Part
from opentrader.actors.runtime.reply import Reply
from opentrader.errors import OpentraderError

T = TypeVar("T")
Tell = Callable[[Message[Any]], None]


@dataclass(frozen=True, slots=True)
class Waiter:
    """A coroutine that waits until `found()` is something else than None; it is called on the actor's thread."""

    ids: frozenset[str]
    found: Callable[[], Any]
    wake: Reply[Any] = field(default_factory=Reply)

    def is_woken(self) -> bool:
        """Check the condition, and wake the coroutine with what was found."""
        value = self.found()
        if value is not None:
            self.wake.set(value)
        return value is not None


@dataclass(frozen=True, slots=True)
class Await(Message[None]):
    owner = "position_manager"
    own = True
    waiter: Waiter


@dataclass(frozen=True, slots=True)
class GiveUp(Message[None]):
    """The coroutine does not wait anymore."""

    owner = "position_manager"
    own = True
    waiter: Waiter


async def until(tell: Tell, ids: frozenset[str], found: Callable[[], T | None]) -> T:
    """What `found` returns first that is not None; it is checked after each change of these trades."""
    waiter = Waiter(ids, found)
    tell(Await(waiter))
    try:
        value: T = await waiter.wake
    except asyncio.CancelledError:
        tell(GiveUp(waiter))
        raise
    return value


@contextmanager
def telling(facts: Mapping[str, object]) -> Iterator[None]:
    """An error that leaves tells these facts as well, such as the id of what was begun."""
    try:
        yield
    except OpentraderError as error:
        error.facts = {**error.facts, **facts}
        raise


class Waiters(Part):
    """Those who wait now."""

    def __init__(self, links: Links) -> None:
        super().__init__(links)
        self._waiting: list[Waiter] = []

    @handles(Await)
    def add(self, message: Await) -> None:
        if not message.waiter.is_woken():
            self._waiting.append(message.waiter)

    @handles(GiveUp)
    def drop(self, message: GiveUp) -> None:
        self._waiting = [other for other in self._waiting if other is not message.waiter]

    def changed(self, key: str) -> None:
        """A trade has changed: wake those who waited for what it is now."""
        self._waiting = [waiter for waiter in self._waiting if key not in waiter.ids or not waiter.is_woken()]

"""Everything an actor is given to interact with the rest of the system."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from opentrader.actors.runtime.mailbox import Mailbox
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.domain.ports import Clock, Ids

R = TypeVar("R")


class Ask(Protocol):
    """Send a message and await its reply, on the system's loop."""

    async def __call__(self, message: Message[R], *, timeout: float) -> R:
        """Raises the handler's error, or `AskTimeout` after `timeout` seconds; the work is not canceled."""
        ...


@dataclass(frozen=True, slots=True)
class Context:
    """Passed to the constructor of an actor by its supervisor; each life gets a new one."""

    name: str
    key: str | None
    clock: Clock
    ids: Ids
    loop: asyncio.AbstractEventLoop
    ask: Ask
    tell: Callable[[Message[Any]], None]
    publish: Callable[[object], None]
    # Below: private to the actor's base class and the supervisor.
    mailbox: Mailbox
    deferred: int
    spawn: Callable[[Coroutine[Any, Any, Any], Callable[[Outcome[Any]], None]], None]
    tick_every: Callable[[float], None]
    ended: Callable[[BaseException | None], None]

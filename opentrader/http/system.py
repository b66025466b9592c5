"""The trading system as HTTP sees it: a protocol, so that tests can serve a fake."""

from __future__ import annotations

import asyncio
from collections.abc import Hashable
from contextlib import AbstractContextManager
from typing import Any, Protocol, TypeVar

from opentrader.actors.messages import View
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.supervision.supervisor import ActorStatus
from opentrader.domain.trading.ports import AuditStore, DiskState, IdempotencyStore

R = TypeVar("R")
M = TypeVar("M", bound=Message[Any])


class Executes(Protocol):
    """What a state change needs of the trading system. Every call is made on its event loop."""

    def wall(self) -> float:
        """The time, in Unix seconds, to date what is shown."""
        ...

    def steady(self) -> float:
        """The time, in Unix seconds that nobody can set, for what expires."""
        ...

    def spelled(self, message: M) -> M:
        """The same message with its symbol as a pair, for example BTCUSDT. Raises `SymbolNotFound`."""
        ...

    async def outcome_of(self, id: str) -> Any:
        """What became of an intent or a command, as its first request is told; None if the intent was never sent."""
        ...

    @property
    def idempotency(self) -> IdempotencyStore: ...

    @property
    def audit_log(self) -> AuditStore: ...

    async def deliver(self, message: Message[R]) -> R:
        """Send a message that has been checked to the actor that handles it; return its reply."""
        ...


class System(Executes, Protocol):
    """What the handlers need of the trading system. Every call is made on its event loop."""

    def admit(self, kind: type[Message[Any]]) -> None:
        """Raise if no message of this type is accepted now: not ready, stopping, no license."""
        ...

    def view(self, query: View[R]) -> R:
        """Answer a query from the published snapshots, without waiting."""
        ...

    def moment(self) -> Hashable:
        """A cache key: while it stays equal, the answer to the same view stays the same."""
        ...

    def disk(self) -> DiskState:
        """The disk under the data folder."""
        ...

    def actors(self) -> list[ActorStatus]:
        """The current status of every actor."""
        ...

    def changes(self) -> AbstractContextManager[asyncio.Queue[str]]:
        """A queue of the names of actors that publish, while the context lasts."""
        ...

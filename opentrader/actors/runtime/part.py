"""A part of an actor: the state of one concern, and the handlers that change it."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol, TypeVar, overload

from opentrader.actors.runtime.context import Ask
from opentrader.actors.runtime.handlers import Handler, handlers_of
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.ports import Clock, Ids

T = TypeVar("T")
R = TypeVar("R")


class Pipe(Protocol):
    """`Actor.pipe`."""

    @overload
    def __call__(
        self,
        coro: Coroutine[Any, Any, T],
        *,
        then: Callable[[Outcome[T]], Message[R]],
        exclusive: Hashable | None = None,
        facts: Mapping[str, object] = ...,
    ) -> Reply[R]: ...

    @overload
    def __call__(
        self, coro: Coroutine[Any, Any, T], *, exclusive: Hashable | None = None, facts: Mapping[str, object] = ...
    ) -> Reply[T]: ...


@dataclass(frozen=True, slots=True)
class Links:
    """What connects a part to the rest: the same as its actor has."""

    clock: Clock
    ids: Ids
    ask: Ask
    tell: Callable[[Message[Any]], None]
    pipe: Pipe


class Part:
    """Belongs to one actor, which calls its handlers on its own thread. It is given its links, ports and neighbors.

    Like an actor it never blocks, and holds no coroutine: those are functions over values and ports.
    """

    handlers: ClassVar[Mapping[type[Message[Any]], Handler[Any, Any, Any]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.handlers = handlers_of(cls)

    def __init__(self, links: Links) -> None:
        self.links = links

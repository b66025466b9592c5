"""Which method of an actor handles which message: a mark on the method, read once when the class is created."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, TypeAlias, TypeVar

from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.reply import Reply

A = TypeVar("A")
M = TypeVar("M")
R = TypeVar("R")

Handler: TypeAlias = Callable[[A, M], R | Reply[R]]

_MARK = "_handles"


def handles(message: type[Message[R]]) -> Callable[[Handler[A, M, R]], Handler[A, M, R]]:
    """Mark a method as the handler of `message`; marks may be stacked. The method runs on the actor's thread.

    A handler returns the reply type of its message, or a `Reply` of that type; the type checker verifies it.
    """

    def mark(handler: Handler[A, M, R]) -> Handler[A, M, R]:
        handler.__dict__[_MARK] = (*getattr(handler, _MARK, ()), message)
        return handler

    return mark


def handlers_of(actor: type) -> Mapping[type[Message[Any]], Handler[Any, Any, Any]]:
    """The handlers of a class by message type, including those of its bases.

    An override of a marked method needs no mark. Raises `TypeError` when one class marks two methods for the same
    message.
    """
    found: dict[type[Message[Any]], str] = {}
    for base in reversed(actor.__mro__):
        found |= _marked(base)
    return MappingProxyType({message: getattr(actor, name) for message, name in found.items()})


def _marked(cls: type) -> dict[type[Message[Any]], str]:
    marked: dict[type[Message[Any]], str] = {}
    for name, attribute in vars(cls).items():
        for message in getattr(attribute, _MARK, ()):
            if message in marked:
                both = f"{marked[message]} and {name}"
                raise TypeError(f"{cls.__name__}: {both} are marked for {message.__name__}")
            marked[message] = name
    return marked

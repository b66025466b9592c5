"""How a coroutine ended: the value it returned, or the error it raised."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NoReturn, TypeAlias, TypeVar

from opentrader.errors import OpentraderError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """The coroutine returned `value`."""

    value: T

    def unwrap(self) -> T:
        """The value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Failed:
    """The coroutine raised `error`. A foreign exception is the `__cause__` of an `InternalError`."""

    error: OpentraderError

    def unwrap(self) -> NoReturn:
        """Raise the error; a handler may let it pass to its caller."""
        raise self.error


Outcome: TypeAlias = Done[T] | Failed

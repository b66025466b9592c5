"""How a coroutine ended: the value it returned, or the error that took its place."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, NoReturn, TypeAlias, TypeVar

from opentrader.errors import OpentraderError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Done(Generic[T]):
    """It returned `value`."""

    value: T

    def unwrap(self) -> T:
        """The value."""
        return self.value


@dataclass(frozen=True, slots=True)
class Failed:
    """It raised `error`, of our own tree: a foreign one is the `__cause__` of an `InternalError`."""

    error: OpentraderError

    def unwrap(self) -> NoReturn:
        """Raise the error, which a handler may let pass to its asker."""
        raise self.error


Outcome: TypeAlias = Done[T] | Failed

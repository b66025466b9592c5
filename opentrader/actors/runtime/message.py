"""What every message has in common, and the two that every actor understands."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Generic, TypeVar

R = TypeVar("R")


class Message(Generic[R]):
    """Base of all messages: frozen, slotted dataclasses; `R` is what the handler answers.

    `owner` names the actor that handles it and `key`, for actors that exist once per key (a pair), which of
    them: together they are the address. `licensed` says whether the license gate applies; while something is held
    the gate spares what `reduces` that risk or shows it. A continuation needs no owner: it goes to the actor that
    piped the coroutine.
    """

    __slots__ = ()

    owner: ClassVar[str] = ""
    licensed: ClassVar[bool] = False
    reduces: ClassVar[bool] = False
    __pydantic_config__: ClassVar[dict[str, bool]] = {"allow_inf_nan": False}  # read where a door parses them

    @property
    def key(self) -> str | None:
        """Which member of a keyed owner; None for an owner that exists once."""
        return None


@dataclass(frozen=True, slots=True)
class Tick(Message[None]):
    """Time, for those who asked for it: `at` is wall time in Unix seconds."""

    at: float


@dataclass(frozen=True, slots=True)
class Ping(Message[None]):
    """Answered by every actor that still handles messages."""

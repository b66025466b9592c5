"""The base of all messages, and the two that every actor handles."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, ClassVar, Generic, TypeVar

from opentrader.errors import Fault

R = TypeVar("R")


class Message(Generic[R]):
    """Base of all messages: frozen, slotted dataclasses; `R` is the type of the reply.

    `owner` names the actor that handles the message; `key` selects one actor of a family that has one per key (a
    pair). Together they are the address. `licensed` messages need an active license; while a position or an order
    is open, those that also have `reduces`, because they reduce or show that risk, are exempt. A continuation has
    no owner: it goes to the actor that piped the coroutine. `own` messages come from actors and their coroutines alone:
    they carry on what was admitted before, so that no limit refuses them. Where messages wait for a key, `urgent` ones
    pass the others.
    """

    __slots__ = ()

    owner: ClassVar[str] = ""
    licensed: ClassVar[bool] = False
    reduces: ClassVar[bool] = False
    own: ClassVar[bool] = False
    urgent: ClassVar[bool] = False
    # Read where a request is validated; `always`: a message that a caller has built is validated as well.
    __pydantic_config__: ClassVar[dict[str, Any]] = {"allow_inf_nan": False, "revalidate_instances": "always"}

    @property
    def key(self) -> str | None:
        """The key of one actor of a family; None for an actor that exists once."""
        return None

    def contradictions(self) -> Iterable[Fault]:
        """The values that do not fit the others; asked where a request is validated, once each value is valid alone."""
        return ()


@dataclass(frozen=True, slots=True)
class Tick(Message[None]):
    """Sent at an interval to actors that have `tick_seconds`; `at` is steady time in seconds."""

    at: float


@dataclass(frozen=True, slots=True)
class Ping(Message[None]):
    """Answered by every actor that handles messages."""

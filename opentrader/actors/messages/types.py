"""Types shared by messages: parameters with their constraints, and the base of views."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal, TypeVar

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import AfterValidator, Field, Strict

from opentrader.actors.runtime.message import Message
from opentrader.domain.analysis.trend import EXACT
from opentrader.domain.symbols import SPELLING

R = TypeVar("R")

LAST_INSTANT = 4_102_444_800  # 2100-01-01: a larger number is surely in milliseconds
LARGEST_INTEGER = 2**63 - 1
LARGEST_AMOUNT = 1e15


def _exact(number: int) -> int:
    """A number may arrive as a string of any length; reject one that JSON cannot represent exactly."""
    if abs(number) > EXACT:
        raise ValueError(f"should be at most {EXACT}")
    return number


def _storable(number: int) -> int:
    if number > LARGEST_INTEGER:
        raise ValueError(f"should be at most {LARGEST_INTEGER}")
    return number


def _measurable(value: float) -> float:
    if value > LARGEST_AMOUNT:
        raise ValueError(f"should be at most {LARGEST_AMOUNT:g}")
    return value


Exact = AfterValidator(_exact)
Symbol = Annotated[str, MinLen(1), MaxLen(42), Field(pattern=SPELLING)]
Side = Annotated[str, Field(pattern=r"^([Bb][Uu][Yy]|[Ss][Ee][Ll][Ll])$"), AfterValidator(str.lower)]
Caller = Annotated[str, MinLen(1), MaxLen(32), Field(pattern=r"^[A-Za-z0-9_.-]+$")]
TradeId = Annotated[str, Field(min_length=1, max_length=64)]
Bot = Annotated[str, MinLen(1), MaxLen(64)]
Email = Annotated[
    str, MinLen(3), MaxLen(254), Field(pattern=r"^(\[email[\s\u00a0]protected\]|[^@\s]{1,64}@[^@\s]{1,189})$")
]
LicenseKey = Annotated[str, Field(pattern=r"^[Oo][Tt](-[A-Za-z0-9]{4}){4}$")]
Instant = Annotated[int, Ge(0), Le(LAST_INSTANT)]
Millis = Annotated[int, Ge(0), Exact]
Price = Annotated[float, Gt(0)]
Px = Annotated[float, Gt(0), AfterValidator(_measurable)]
Percent = Annotated[float, Gt(0), Le(1000)]
StopPercent = Annotated[float, Gt(0), Lt(100)]
Oscillator = Annotated[float, Ge(0), Le(100)]
OrderId = Annotated[int, Strict()] | Annotated[str, Field(min_length=1, max_length=64)] | None
ShownOrderId = int | str | None
# The API sets no limit, but the store has one.
Offset = Annotated[int, Ge(0), AfterValidator(_storable)]
OK = Literal[True]


class View(Message[R]):
    """A query answered immediately from published snapshots; it has no owner."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class ScanFailure:
    """One symbol that failed; the others were processed."""

    symbol: str
    code: str
    error: str

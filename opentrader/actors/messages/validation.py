"""The one validation of requests: a message that breaks its own annotations, or contradicts itself, reaches no actor.

An entry point that receives words (HTTP) calls `parsed`, one that receives messages (`TradingSystem.ask`) `validated`:
the same validator, the same `InvalidInput`. What actors send each other is no request, and is not validated.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from opentrader.actors.runtime.message import Message
from opentrader.errors import Fault, InvalidInput

M = TypeVar("M", bound=Message[Any])

PUBLIC = __name__.rpartition(".")[0]  # the package of the messages that may be asked from outside

_MARKET = "should be a market, for example BTC, BTCUSDT or BTC/USDT"
SPELLINGS = {
    "agent": "should contain only letters, digits, dots, dashes and underscores",
    "date": "should be a date, for example 2026-04-27",
    "direction": "should be buy or sell",
    "email": "should be an e-mail address, for example you@example.com",
    "license_key": "should be a license key, like OT-XXXX-XXXX-XXXX-XXXX",
    "symbol": _MARKET,
    "symbols": _MARKET,
    "types": "should be lower-case names separated by commas, for example agent,signal",
}
"""The expected spelling of fields with a pattern, by name."""

_SIDES = {"long": "use `buy` for a long position", "short": "use `sell` for a short position"}


def parsed(kind: type[M], values: Mapping[str, Any]) -> M:
    """A message from the values of its fields, which may be words. Raises `InvalidInput` with every fault."""
    message: M = _checked(kind, values)
    return message


def validated(message: M) -> M:
    """The message with its values as its annotations want them. Raises `InvalidInput` with every fault.

    Raises `TypeError` for a message that actors send each other: such a message carries on what was asked before.
    """
    kind = type(message)
    if not kind.__module__.startswith(PUBLIC):
        raise TypeError(f"{kind.__name__} is internal to the actors; ask a message of {PUBLIC}")
    checked: M = _checked(kind, message)
    return checked


def _checked(kind: Any, given: object) -> Any:
    try:
        message: Message[Any] = _adapter(kind).validate_python(given)
    except ValidationError as error:
        faults = [_fault(one) for one in error.errors(include_url=False)]
        raise InvalidInput(faults, hint=_hint(faults)) from None
    if faults := list(message.contradictions()):
        raise InvalidInput(faults)
    return message


@cache  # built at the first request of a type: building all of them would delay the start
def _adapter(kind: Any) -> TypeAdapter[Any]:
    return TypeAdapter(kind)


def _fault(error: ErrorDetails) -> Fault:
    """Pydantic's error as a fault. The input of a missing field is left out: it would be the whole request."""
    given = None if error["type"] == "missing" else error["input"]
    context = error.get("ctx", {}).items()
    ctx: dict[str, object] = {key: value for key, value in context if isinstance(value, str | int | float)}
    return Fault(error["loc"], _message_of(error), error["type"], input=given, ctx=ctx)


def _message_of(error: ErrorDetails) -> str:
    """Pydantic's text, or for a pattern mismatch the expected spelling."""
    fallback = error["msg"]
    return SPELLINGS.get(str(error["loc"][0]), fallback) if error["type"] == "string_pattern_mismatch" else fallback


def _hint(faults: list[Fault]) -> str:
    sides = (str(fault.input).lower() for fault in faults if fault.loc[-1] == "direction")
    return next((_SIDES[side] for side in sides if side in _SIDES), "")

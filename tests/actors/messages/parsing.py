"""A message as an entry point parses it: from words, with every fault by the name of its field."""

from __future__ import annotations

from typing import Any, TypeVar

from opentrader.actors.messages import validation
from opentrader.actors.runtime.message import Message
from opentrader.errors import InvalidInput

M = TypeVar("M", bound=Message[Any])


def parsed(kind: type[M], **values: Any) -> M:
    return validation.parsed(kind, values)


def refused(kind: type[Message[Any]], **values: Any) -> set[str]:
    """The fields that are refused; none if the message is accepted."""
    try:
        parsed(kind, **values)
    except InvalidInput as error:
        return {str(fault.loc[0]) for fault in error.faults}
    return set()

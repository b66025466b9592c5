"""A message as an entry point parses it: from words, with every fault by the name of its field."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from opentrader.errors import InvalidInput

T = TypeVar("T")


def parsed(kind: type[T], **values: Any) -> T:
    return TypeAdapter(kind).validate_python(values)


def refused(kind: type[Any], **values: Any) -> set[str]:
    """The fields that are refused; none if the message is accepted."""
    try:
        parsed(kind, **values)
    except ValidationError as error:
        return {str(fault["loc"][0]) for fault in error.errors()}
    except InvalidInput as error:
        return {str(fault.loc[0]) for fault in error.faults}
    return set()

"""Changed copies of frozen values: a trade is copied several times a tick, and has three dozen fields."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

__all__ = ["copied"]

if TYPE_CHECKING:
    from dataclasses import replace as copied  # the type checker knows this name, and so the fields of each class
else:
    Value = TypeVar("Value")

    def copied(value: Value, /, **changes: object) -> Value:
        """`dataclasses.replace` in an eighth of the time, for a class without slots and `__post_init__`.

        It copies the dict of the value instead of setting one field after the other. Raises `TypeError` for a name that
        is no field.
        """
        known = value.__dict__
        fields = known | changes
        if len(fields) > len(known):
            raise TypeError(f"{type(value).__name__} has no field {', '.join(sorted(changes.keys() - known.keys()))}")
        copy = object.__new__(type(value))
        object.__setattr__(copy, "__dict__", fields)
        return copy

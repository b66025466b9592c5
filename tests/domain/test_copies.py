"""A changed copy is what `dataclasses.replace` makes."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from opentrader.domain.copies import copied


@dataclass(frozen=True)
class Point:
    x: int
    y: int = 2


@pytest.mark.parametrize("changes", [{}, {"x": 5}, {"y": 5}, {"y": 5, "x": 7}])
def test_it_is_the_value_with_other_fields(changes: dict[str, int]) -> None:
    known = Point(1)
    copy = copied(known, **changes)
    assert copy == replace(known, **changes)
    assert repr(copy) == repr(replace(known, **changes))
    assert copy is not known
    assert known == Point(1, 2)


def test_a_name_that_is_no_field_is_refused() -> None:
    with pytest.raises(TypeError, match="Point has no field w, z"):
        copied(Point(1), z=1, x=2, w=3)  # type: ignore[call-arg]  # mypy refuses it as well


def test_a_copy_cannot_be_changed() -> None:
    with pytest.raises(AttributeError, match="cannot assign"):
        copied(Point(1), y=3).x = 4  # type: ignore[misc]  # mypy refuses it as well

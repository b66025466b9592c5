"""Dataclasses come back from the store as they went in, whatever fields they have."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

import orjson
import pytest

from opentrader.errors import ConfigError
from opentrader.store.sqlite.codec import parsed, plain, text


@dataclass(frozen=True, slots=True)
class Part:
    amount: Decimal
    note: str | None = None


@dataclass(frozen=True, slots=True)
class Whole:
    first: Part
    parts: tuple[Part, ...] = ()
    names: tuple[str, ...] = ()
    ids: tuple[int | str, ...] = ()


@pytest.mark.parametrize("written", ["0", "-0", "1.10", "5E+3", "1E-18", "0.000", "123456789012345678901234567890.5"])
def test_a_decimal_keeps_its_every_digit(written: str) -> None:
    back = parsed(Part, orjson.loads(text(Part(Decimal(written)))))
    assert str(back.amount) == written


def test_what_is_nested_comes_back_with_its_types() -> None:
    whole = Whole(Part(Decimal(1)), (Part(Decimal("2.0"), "é"),), ("a", ""), (1, "1"))
    assert parsed(Whole, plain(whole)) == whole


@pytest.mark.parametrize("amount", ["NaN", "sNaN", "Infinity", "-Infinity"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(orjson.JSONEncodeError) as refusal:
        text(Part(Decimal(amount)))
    assert "is not an amount" in str(refusal.value.__cause__)


@pytest.mark.parametrize("value", [{1, 2}, object(), b"bytes"], ids=lambda value: type(value).__name__)
def test_what_json_cannot_hold_is_refused(value: object) -> None:
    with pytest.raises(orjson.JSONEncodeError):
        text({"value": value})


def test_the_text_is_one_whatever_the_order() -> None:
    assert text({"b": Part(Decimal("1.0")), "a": (1, None)}) == '{"a":[1,null],"b":{"amount":"1.0","note":null}}'
    assert text({"a": [1, None], "b": {"note": None, "amount": "1.0"}}) == text(
        {"b": Part(Decimal("1.0")), "a": (1, None)}
    )


def test_the_text_of_a_value_is_that_of_its_plain_form() -> None:
    whole = Whole(Part(Decimal("1.50")), (Part(Decimal(2), "é"),), ("b", "a"), (1, "1"))
    for value in (whole, {"z": [whole], "a": {"y": whole.parts, "b": whole.first}}):
        assert text(value) == text(plain(value))


def test_a_field_that_did_not_exist_then_gets_its_default() -> None:
    assert parsed(Part, {"amount": "7"}) == Part(Decimal(7))


def test_a_field_without_a_default_is_missed() -> None:
    with pytest.raises(TypeError, match="amount"):
        parsed(Part, {"note": "x"})


def test_a_field_that_the_program_does_not_know_is_refused() -> None:
    with pytest.raises(ConfigError, match="unknown fields: leverage"):
        parsed(Whole, {"first": {"amount": "1", "leverage": 3}})


@dataclass(frozen=True, slots=True)
class Unordered:
    tags: frozenset[str]


@dataclass(frozen=True, slots=True)
class Pair:
    both: tuple[str, int]


@pytest.mark.parametrize("kind", [Unordered, Pair])
def test_a_type_that_would_not_come_back_as_it_was_is_refused(kind: type) -> None:
    with pytest.raises(TypeError, match="cannot read values of type"):
        parsed(kind, {})

"""The places of a state vector: none twice, none missed."""

from __future__ import annotations

from opentrader.indicators.kernels import slots

SECTIONS = {name: value for name, value in vars(slots).items() if name.isupper() and isinstance(value, int)}
ENDS = ("PARAMETER_END", "DERIVED_END", "CARRY_END", "VALUES_END")


def test_every_place_of_the_header_is_used_once() -> None:
    offsets = {"COUNT", "LAST", "PREVIOUS", "REFERENCE", "SIDE_END", "VALUES", "HEADER", "VALUES_START"}
    beside = {name for name in SECTIONS if name.startswith("ROW")} | offsets | set(ENDS) | {"HIGHS", "LOWS"}
    places = sorted(place for name, place in SECTIONS.items() if name not in beside)
    assert places == list(range(slots.VALUES_END))


def test_the_sections_follow_each_other() -> None:
    ends = [SECTIONS[name] for name in ENDS]
    assert ends == sorted(ends)
    assert slots.HIGHS + slots.SIDE_END == slots.LOWS
    assert slots.LOWS + slots.SIDE_END == slots.HEADER

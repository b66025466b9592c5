"""Levels by price: what a price has reached, as a plain loop over all of them finds it."""

from __future__ import annotations

from decimal import Decimal
from random import Random

import pytest

from opentrader.domain.trading.price_levels import PriceLevels

D = Decimal


def reached(levels: PriceLevels, px: str) -> list[str]:
    return list(levels.reached(D(px), D(px)))


@pytest.mark.parametrize(("px", "keys"), [("90", ["a"]), ("90.1", []), ("119.9", []), ("120", ["a"])])
def test_a_level_is_reached_when_the_price_is_there(px: str, keys: list[str]) -> None:
    levels = PriceLevels()
    levels.put("a", D(90), D(120))
    assert reached(levels, px) == keys


def test_the_bid_reaches_stops_and_the_ask_targets() -> None:
    levels = PriceLevels()
    levels.put("a", D(90), D(120))
    assert list(levels.reached(bid=D(91), ask=D(119))) == []
    assert list(levels.reached(bid=D(90), ask=D(95))) == ["a"]
    assert list(levels.reached(bid=D(115), ask=D(120))) == ["a"]


def test_what_is_moved_or_dropped_is_not_reached_where_it_was() -> None:
    levels = PriceLevels()
    for key in ("a", "b"):
        levels.put(key, D(90), D(120))
    levels.put("a", D(95), D(120))
    levels.drop("b")
    levels.drop("b")
    assert (reached(levels, "92"), reached(levels, "120")) == (["a"], ["a"])
    levels.drop("a")
    assert not levels
    assert reached(levels, "1") == []


def test_it_finds_what_a_loop_over_all_levels_finds() -> None:
    random, levels, plain = Random(7), PriceLevels(), dict[str, tuple[Decimal, Decimal]]()
    for _ in range(2_000):
        key, stop = f"t{random.randrange(60)}", D(random.randrange(80, 100))
        if random.random() < 0.2:
            levels.drop(key)
            plain.pop(key, None)
        else:
            plain[key] = stop, stop + random.randrange(1, 30)
            levels.put(key, *plain[key])
        bid = D(random.randrange(70, 130))
        ask = bid + random.randrange(3)
        found = list(levels.reached(bid, ask))
        assert len(found) == len(set(found))
        assert set(found) == {key for key, (stop, target) in plain.items() if bid <= stop or ask >= target}

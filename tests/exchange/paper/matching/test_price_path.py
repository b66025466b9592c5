"""The way that the price takes through a candle, and which candle touches an order first."""

from __future__ import annotations

import numpy as np
import pytest

from opentrader.exchange.paper.matching.price_path import NO_PATH, Move, Path, decimal, first_touch, moves
from tests.exchange.paper.matching.given import D, order

ROWS = np.array([[0, 100, 105, 95, 101, 1], [60_000, 101, 110, 100, 108, 1]], dtype=float)


@pytest.mark.parametrize(("high_first", "turns"), [(True, [105, 95]), (False, [95, 105])])
def test_a_candle_is_four_moves_one_after_another(high_first: bool, turns: list[int]) -> None:
    way = moves(ROWS[0], 60_000, high_first=high_first)
    assert [move.end for move in way] == [100, *turns, 101]
    assert way[0].start is None
    assert [move.start for move in way[1:]] == [move.end for move in way[:-1]]
    assert [0 <= move.at < 60_000 for move in way] == [True] * 4
    assert sorted(move.at for move in way) == [move.at for move in way]


def test_the_close_is_known_when_the_candle_has_ended() -> None:
    path = Path(ROWS, 60_000)
    assert [path.last(at) for at in (59_999, 60_000, 119_999, 120_000)] == [None, 101, 101, 108]
    assert NO_PATH.last(10**13) is None


def test_the_first_candle_that_touches() -> None:
    bid, target = order(1, "buy", "LIMIT", px=94), order(2, "sell", "LIMIT", px=110)
    assert first_touch(ROWS, [bid]) is None
    assert first_touch(ROWS, [bid, target]) == 1
    assert first_touch(ROWS, [order(3, "sell", "STOP_LOSS", stop=95)]) == 0


def test_an_order_acts_at_its_level_or_where_a_jump_lands() -> None:
    stop = order(1, "sell", "STOP_LOSS", stop=95)
    assert Move(D(100), D(90), 0).price_of(stop) == 95
    assert Move(None, D(90), 0).price_of(stop) == 90
    assert Move(D(100), D(90), 0).distance(D(95)) == 5


@pytest.mark.parametrize("price", [0.1, 1e-8, 62000.01, 3.0])
def test_a_price_is_the_shortest_decimal(price: float) -> None:
    assert float(decimal(price)) == price
    assert len(str(decimal(price))) <= len(repr(price))

"""The path of the price: one market whichever block is drawn, with the tails of a real one."""

from __future__ import annotations

import numpy as np
import pytest

from opentrader.feed import price_path
from opentrader.feed.coins import KNOWN
from opentrader.feed.simulated import SimulatedFeed
from tests.feed.given.simulated import DAY, NOW


def test_a_market_has_fat_tails_and_calm_and_wild_days() -> None:
    hours = SimulatedFeed().window("BTCUSDT", "1h", NOW - 600 * DAY, NOW)
    moves = np.diff(np.log(hours[:, 4]))
    assert np.mean(((moves - moves.mean()) / moves.std()) ** 4) > 4  # a normal distribution has 3
    days = np.abs(moves[: len(moves) // 24 * 24]).reshape(-1, 24).mean(axis=1)
    assert np.corrcoef(days[:-1], days[1:])[0, 1] > 0.2  # volatility clusters
    assert np.corrcoef(np.abs(moves), hours[1:, 5])[0, 1] > 0.2  # volume comes with movement


@pytest.mark.parametrize("name", ["BTC", "DOGE"])
def test_the_parts_of_a_block_do_not_depend_on_the_block(name: str) -> None:
    """Neighbouring blocks meet; moods and volatility are those of a longer stretch of the same indices."""
    market = price_path.market(3, name, KNOWN[name])
    for number in (468, 479, 480, 495):
        left, right = price_path.block(market, number), price_path.block(market, number + 1)
        assert left[3, -1] == right[0, 0]
        index = np.arange(number * price_path.BLOCK, (number + 2) * price_path.BLOCK)
        for of in (price_path.moods, price_path.liveliness):
            whole = of(market, index)
            assert np.array_equal(whole[1000:3000], of(market, index[1000:3000]))
            assert np.array_equal(whole[5000:], of(market, index[5000:]))

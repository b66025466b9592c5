"""One request at a time, each at its instant; time never goes back."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.domain.trading.venue import Accepted, Refused, SymbolStatus
from opentrader.errors import SymbolNotFound
from opentrader.exchange.refusals import MARKET_CLOSED


async def test_time_never_goes_back(scene: Any) -> None:
    session, now = scene.exchange._session, scene.clock.now_ms
    assert await session.advance(now + 5_000) == now + 5_000
    assert await session.advance(now - 60_000) == now + 5_000


async def test_the_grid_of_a_symbol_stays_when_its_price_moves(scene: Any, opening: Any) -> None:
    before = await scene.exchange.filters("BTCUSDT")
    scene.exchange.close()
    again = await opening(prices={"BTCUSDT": 0.001})
    after = await again.exchange.filters("BTCUSDT")
    assert (after.tick, after.step) == (before.tick, before.step)


async def test_what_is_not_listed_is_not_traded(scene: Any) -> None:
    with pytest.raises(SymbolNotFound, match="NOPEUSDT"):
        await scene.exchange.filters("NOPEUSDT")


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY"])
async def test_a_symbol_that_does_not_trade_takes_no_orders_and_matches_none(
    scene: Any, refusal: Any, status: SymbolStatus
) -> None:
    resting = await scene.place("buy", "LIMIT", 1, 90)
    scene.exchange._session.statuses["BTCUSDT"] = status
    assert (await scene.exchange.filters("BTCUSDT")).status == status
    scene.minute(100, 100, 80, 100)
    assert refusal(await scene.send("buy", "MARKET", 1)) == (-1013, MARKET_CLOSED)
    canceled = await scene.exchange.cancel("BTCUSDT", resting.cid)
    assert isinstance(canceled, Accepted if status == "CANCEL_ONLY" else Refused)
    del scene.exchange._session.statuses["BTCUSDT"]
    scene.minute(100, 100, 100, 100)
    assert (await scene.order(resting)).status == ("CANCELED" if status == "CANCEL_ONLY" else "OPEN")
    scene.minute(100, 100, 80, 100)
    assert (await scene.order(resting)).status == ("CANCELED" if status == "CANCEL_ONLY" else "FILLED")

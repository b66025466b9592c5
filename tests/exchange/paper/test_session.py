"""One request at a time, each at its instant; time never goes back."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.errors import SymbolNotFound


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

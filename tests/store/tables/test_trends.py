"""One trend for each symbol and timeframe."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from opentrader.store import Store
from opentrader.store.tables import trends
from tests.store.given import TREND


async def test_a_trend_is_kept_for_each_symbol_and_timeframe(store: Store) -> None:
    first = [
        replace(TREND, trend="sideway"),
        replace(TREND, symbol="BTC", timeframe="4h"),
        replace(TREND, symbol="BTC", trend="unknown"),
    ]
    last = replace(TREND, trend="downtrend", timestamp=TREND.timestamp + 60)
    await store.write(partial(trends.put, records=first, stored_at=1))
    await store.write(partial(trends.put, records=[last], stored_at=2))
    assert store.read(trends.rows) == [first[2], first[1], last]

"""A data folder that is started on another feed: what was signalled in the old market means nothing in the new one."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import pytest

from opentrader.config.settings import Settings
from opentrader.domain.signals import SignalRecord, SignalStatus
from opentrader.store import Store
from opentrader.store.tables import signals
from opentrader.system.market import open_market

pytestmark = pytest.mark.usefixtures("bare")


async def no_shift(now_ms: int) -> int:
    return 0


def start(store: Store, **given: Any) -> None:
    asyncio.run(open_market(Settings(**{"feed": "simulated", **given}), store, no_shift))


def put(store: Store, pair: str, status: SignalStatus) -> None:
    signal = SignalRecord(
        pair=pair,
        direction="buy",
        bot="b",
        status=status,
        notified=False,
        created_at=1,
        updated_at=1,
        expires_at=2**40,
        body={},
    )
    asyncio.run(store.write(lambda connection: signals.put(connection, signal)))


def statuses(store: Store) -> dict[str, str]:
    return {row.pair: row.status for row in store.read(signals.rows)}


def test_signals_of_another_market_expire_with_the_bars_they_came_from(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    start(store)
    put(store, "ADAUSDT", "pending")
    put(store, "BTCUSDT", "consumed")
    asyncio.run(store.write(lambda c: signals.put_bar(c, "ADAUSDT", "b", 1)))
    start(store)
    assert statuses(store) == {"ADAUSDT": "pending", "BTCUSDT": "consumed"}
    assert store.read(signals.bars) == {("ADAUSDT", "b"): 1}
    assert caplog.text == ""
    with caplog.at_level(logging.INFO, "opentrader"):
        start(store, feed="simulated:7")
    assert statuses(store) == {"ADAUSDT": "expired", "BTCUSDT": "consumed"}
    assert store.read(signals.bars) == {}
    assert "feed changed to simulated:7" in caplog.text
    assert "ADAUSDT" in caplog.text


def test_a_folder_from_before_the_market_was_kept_loses_nothing(store: Store) -> None:
    put(store, "ADAUSDT", "pending")
    start(store)
    assert statuses(store) == {"ADAUSDT": "pending"}

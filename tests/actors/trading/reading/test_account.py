"""The account as last read: the first reading begins the reconciliation, a failed one bars entries."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors.runtime.outcome import Done, Failed
from opentrader.actors.trading.reading.account import (
    ACCOUNT_SECONDS,
    RETRY_SECONDS,
    AccountRead,
    AccountReader,
    ReadAccount,
    account_of,
)
from opentrader.actors.trading.replies.snapshot import AccountReading
from opentrader.domain.trading.exchange import AccountView, GarbledAnswer, PriceTicker
from opentrader.domain.trading.venue import Balance
from opentrader.errors import ExchangeError
from tests.fakes.clock import NOW_MS
from tests.fakes.desk import desk

READING = AccountReading(quote="USDT", balances={}, prices={}, at=NOW_MS)


class Venue:
    """Coins of which one has a market, one has none, and one is not held anymore."""

    def __init__(self, *unreadable: str) -> None:
        self.asked: list[list[str]] = []
        self._unreadable = frozenset(unreadable)

    async def account(self, max_age: int) -> AccountView:
        held = {"USDT": 2, "BTC": 2, "XYZ": 2, "OLD": 0}
        balances = {asset: Balance(Decimal(amount), Decimal(0)) for asset, amount in held.items()}
        return AccountView(balances, NOW_MS, self._unreadable)

    async def prices(self, symbols: Collection[str]) -> dict[str, PriceTicker]:
        self.asked.append(sorted(symbols))
        known = PriceTicker(Decimal(99), Decimal(101), Decimal(100), NOW_MS)
        return {symbol: known for symbol in symbols if symbol == "BTCUSDT"}


async def test_a_coin_without_a_market_is_worth_nothing_and_an_empty_balance_is_not_asked_for() -> None:
    venue = Venue()
    reading = await account_of(venue, None)  # type: ignore[arg-type]  # as much of an exchange as it asks
    assert venue.asked == [[], ["BTCUSDT", "XYZUSDT"]]
    assert reading.prices == {"BTC": Decimal(100)}
    assert reading.equity == Decimal(202)
    assert reading.at == NOW_MS
    assert await account_of(venue, reading) == reading  # type: ignore[arg-type]  # as much of an exchange as it asks
    assert venue.asked[2:] == [["BTCUSDT", "XYZUSDT"]]  # together with the balances, in one round trip


async def test_a_balance_that_cannot_be_read_is_named_and_that_of_the_money_fails_the_read() -> None:
    reading = await account_of(Venue("ETH"), None)  # type: ignore[arg-type]  # as much of an exchange as it asks
    assert reading.unreadable == {"ETH"}
    assert reading.equity == Decimal(202)
    with pytest.raises(GarbledAnswer, match="balance of USDT"):
        await account_of(Venue("USDT"), None)  # type: ignore[arg-type]  # as much of an exchange as it asks


def test_only_the_first_reading_begins_the_reconciliation() -> None:
    begun, shown = list[str](), list[str]()
    reader = AccountReader(desk(show=lambda: shown.append("shown")), lambda: begun.append("begun"))
    reader.learn(AccountRead(Failed(ExchangeError("down"))))
    assert (begun, reader.reading, reader.degraded) == ([], None, "down")
    for _ in range(2):
        reader.learn(AccountRead(Done(READING)))
    assert (begun, reader.reading, reader.degraded) == (["begun"], READING, "")
    assert len(shown) == 3


def test_a_failed_reading_leaves_the_last_one_and_says_why() -> None:
    reader = AccountReader(desk(), lambda: None)
    reader.learn(AccountRead(Done(READING)))
    reader.learn(AccountRead(Failed(ExchangeError("banned"))))
    assert (reader.reading, reader.degraded) == (READING, "banned")


class Asked(list[Any]):
    """The reads that were begun; none of them ends."""

    def pipe(self, coro: Any, **how: Any) -> str:
        coro.close()
        self.append(how["then"])
        return "under way"


def test_it_is_read_every_half_minute_and_sooner_after_a_failure() -> None:
    asked = Asked()
    reader = AccountReader(desk(pipe=asked.pipe), lambda: None)
    reader.take(READING)
    for at in (100.0, 100.0 + ACCOUNT_SECONDS / 2, 100.0 + ACCOUNT_SECONDS):
        reader.tick(at)
        if reader._under_way:
            reader.learn(AccountRead(Done(READING)))
    assert len(asked) == 2
    reader.learn(AccountRead(Failed(ExchangeError("banned"))))
    reader.tick(100.0 + ACCOUNT_SECONDS + RETRY_SECONDS)
    assert len(asked) == 3


def test_one_read_is_in_flight_and_a_fill_meanwhile_asks_for_another() -> None:
    asked = Asked()
    reader = AccountReader(desk(pipe=asked.pipe), lambda: None)
    assert [reader.read(ReadAccount()), reader.read(ReadAccount())] == ["under way"] * 2
    reader.changed()
    assert len(asked) == 1
    reader.learn(AccountRead(Done(READING)))
    assert len(asked) == 2


def test_an_older_reading_changes_nothing() -> None:
    reader = AccountReader(desk(), lambda: None)
    reader.take(READING)
    reader.take(replace(READING, at=NOW_MS - 1, quote="EUR"))
    assert reader.reading == READING

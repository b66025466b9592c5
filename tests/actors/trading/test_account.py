"""The account as last read: the first reading begins the reconciliation, a failed one bars entries."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from opentrader.actors.runtime.outcome import Done, Failed
from opentrader.actors.trading.account import ACCOUNT_SECONDS, AccountRead, AccountReader, account_of
from opentrader.actors.trading.replies.snapshot import AccountReading
from opentrader.domain.trading.exchange import PriceTicker
from opentrader.domain.trading.venue import Balance
from opentrader.errors import ExchangeError, SymbolNotFound
from tests.fakes.clock import NOW_MS, StillClock
from tests.fakes.desk import desk

READING = AccountReading(quote="USDT", balances={}, prices={}, at=NOW_MS)


class Venue:
    """Coins of which one has a market, one has none, and one is not held anymore."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def balances(self) -> dict[str, Balance]:
        held = {"USDT": 2, "BTC": 2, "XYZ": 2, "OLD": 0}
        return {asset: Balance(Decimal(amount), Decimal(0)) for asset, amount in held.items()}

    async def ticker(self, symbol: str) -> PriceTicker:
        self.asked.append(symbol)
        if symbol != "BTCUSDT":
            raise SymbolNotFound(symbol)
        return PriceTicker(Decimal(99), Decimal(101), Decimal(100), NOW_MS)


async def test_a_coin_without_a_market_is_worth_nothing_and_an_empty_balance_is_not_asked_for() -> None:
    venue = Venue()
    reading = await account_of(venue, StillClock())  # type: ignore[arg-type]  # as much of an exchange as it asks
    assert venue.asked == ["BTCUSDT", "XYZUSDT"]
    assert reading.prices == {"BTC": Decimal(100)}
    assert reading.equity == Decimal(202)
    assert reading.at == NOW_MS


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


def test_it_is_read_every_few_seconds() -> None:
    asked = list[Any]()

    def pipe(coro: Any, **how: Any) -> None:
        coro.close()
        asked.append(how["then"])

    reader = AccountReader(desk(pipe=pipe), lambda: None)
    for at in (100.0, 100.0 + ACCOUNT_SECONDS / 2, 100.0 + ACCOUNT_SECONDS):
        reader.tick(at)
    assert asked == [AccountRead, AccountRead]

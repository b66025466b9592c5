"""What stands between a request and an entry: nothing is bought that could not be protected, or that is forbidden."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.entry.intents import Quote, demand_fresh, demand_slots
from opentrader.actors.trading.reading.account import ReadAccount
from opentrader.actors.trading.replies.snapshot import AccountReading
from opentrader.domain.trading.exchange import PriceTicker
from opentrader.domain.trading.risk import Risk
from opentrader.domain.trading.venue import Balance, Filters, Order
from opentrader.errors import (
    DailyLimitReached,
    ExchangeError,
    LicenseRequired,
    NotReady,
    OrderRejected,
    PendingEntryExists,
    RiskLimit,
)
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.transport import InjectedFault, Script
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, limit

FILTERS = Filters(
    "SOLUSDT",
    "SOL",
    "USDT",
    Decimal("0.01"),
    Decimal("0.001"),
    Decimal("0.001"),
    Decimal(5),
    Decimal("0.001"),
    max_stops=5,
    max_lists=4,
    max_orders=20,
)
PX = Decimal(100)


def quote(*orders: Order, at: int = 0) -> Quote:
    return Quote(FILTERS, PriceTicker(PX, PX, PX, at), AccountReading("USDT", {}, {}, at), orders)


def stop(number: int, of: str = "") -> Order:
    return Order(f"c{number}", str(number), "sell", "STOP_LOSS", "OPEN", Decimal(1), stop_px=PX, list_id=of)


def test_a_place_is_kept_for_the_exits_of_every_entry_on_its_way() -> None:
    demand_slots(quote(*(stop(n) for n in range(3))), 1)
    with pytest.raises(OrderRejected, match="6 open stops, but the exchange allows 5"):
        demand_slots(quote(*(stop(n) for n in range(3))), 2)
    demand_slots(quote(*(stop(n, of=f"l{n}") for n in range(3))), 0)
    with pytest.raises(OrderRejected, match="5 open lists, but the exchange allows 4"):
        demand_slots(quote(*(stop(n, of=f"l{n}") for n in range(3))), 1)
    limits = [replace(stop(n), type="LIMIT", stop_px=None) for n in range(18)]
    with pytest.raises(OrderRejected, match="21 open orders, but the exchange allows 20"):
        demand_slots(quote(*limits), 0)


def test_nothing_is_entered_on_old_prices() -> None:
    demand_fresh(quote(at=0), 60_000, 60_000)
    with pytest.raises(RiskLimit, match="61 s old"):
        demand_fresh(quote(at=0), 61_000, 60_000)


async def test_a_price_that_rounds_to_the_same_tick_is_the_same_entry(market: Market) -> None:
    await market.ask(limit(98.0))
    with pytest.raises(PendingEntryExists, match="is already pending"):
        await market.ask(limit(98.0000001))
    assert len(market.snapshot.pending()) == 1
    await market.ask(limit(97.0))


async def test_a_marketable_entry_is_not_made_twice(market: Market) -> None:
    assert (await market.ask(limit(101.0))).status == "filled"
    with pytest.raises(PendingEntryExists, match="its trade is open"):
        await market.ask(limit(101.0))
    await market.ask(messages.ClosePosition(PAIR))
    assert (await market.ask(limit(101.0))).status == "filled"


async def test_twenty_at_once_do_not_pass_the_limits_together(market: Market) -> None:
    market.risk = Risk(max_open=3)
    await market.stop()
    await market.start()
    asked = [market.ask(limit(90.0 + n)) for n in range(9)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sum(isinstance(answer, RiskLimit) for answer in answers) == 6
    assert len(market.snapshot.pending()) == 3


async def test_an_entry_on_its_way_counts_for_the_day(market: Market) -> None:
    market.risk = Risk(max_trades_day=1)
    await market.stop()
    await market.start()
    await market.ask(buy())
    await market.ask(messages.ClosePosition(PAIR))
    with pytest.raises(DailyLimitReached):
        await market.ask(buy())


async def test_without_a_license_nothing_is_entered_whoever_asks(market: Market) -> None:
    market.licensed = False
    with pytest.raises(LicenseRequired):
        await market.ask(buy())
    with pytest.raises(LicenseRequired):
        await market.ask(limit(98.0))


async def test_while_the_account_cannot_be_read_nothing_is_entered(market: Market) -> None:
    faults = Script([InjectedFault("maintenance", on="balances")])
    market.venue.transport = type(market.venue.transport)(faults, market.clock.market_ms)
    await market.ask(ReadAccount())
    with pytest.raises(NotReady, match="could not be read"):
        await market.ask(buy())
    await market.ask(ReadAccount())
    assert (await market.ask(buy())).status == "opened"


async def test_what_the_account_has_of_a_coin_must_be_readable_to_buy_it(
    market: Market, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No balance that can be read is not the same as no balance: what was there before is not ours to sell."""
    balances = PaperExchange.balances

    async def garbled(venue: PaperExchange) -> dict[str, Balance]:
        return {**await balances(venue), "SOL": Balance(Decimal("NaN"), Decimal(0))}

    with monkeypatch.context() as patched:
        patched.setattr(PaperExchange, "balances", garbled)
        market.clock.now_ms += 60_000
        with pytest.raises(ExchangeError, match="balance of SOL could not be read"):
            await market.ask(buy())
    assert (await market.ask(buy())).status == "opened"


async def test_k11_nothing_is_entered_in_a_market_that_takes_no_orders(market: Market) -> None:
    """Once it has refused one; and what is held there says so."""
    await market.ask(buy())
    market.venue._session.statuses[PAIR] = "HALT"
    with pytest.raises(OrderRejected, match="Market is closed"):
        await market.ask(limit(90.0))
    with pytest.raises(OrderRejected, match="takes no orders: the exchange says HALT"):
        await market.ask(limit(91.0))
    await market.ask(ReadAccount())  # so that what is known now is shown
    assert [trade.market for trade in market.snapshot.trade_replies(market.clock.now_ms)] == ["HALT"]

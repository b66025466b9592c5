"""What is ours at the venue and unknown here is taken over; what is somebody else's is not, and stops us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest

from opentrader.actors import messages
from opentrader.actors.trading.reading.account import ReadAccount
from opentrader.actors.trading.recovery import reconciliation
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.domain.trading.exchange import AccountView, NewOrder, Told, Unreachable
from opentrader.domain.trading.lifecycle import BINANCE
from opentrader.domain.trading.lifecycle.ids import ENTRY, base36
from opentrader.domain.trading.looks import VenueView, Watch
from opentrader.domain.trading.venue import Balance
from opentrader.errors import ExchangeError, NotReady, SymbolNotFound, TradingHalted
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.transport import InjectedFault, Script
from tests.domain.trading.lifecycle.given import FILTERS
from tests.fakes.clock import NOW_MS as NOW
from tests.fakes.clock import StillClock
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, limit
from tests.waiting import until


async def after(market: Market, seconds: int, holds: Callable[[TradingSnapshot], bool]) -> None:
    """Let market time go by, and the daemon do by itself what it does then."""
    market.clock.now_ms += seconds * 1000
    await until(lambda: holds(market.snapshot))


def of_instance(instance: str, number: int) -> str:
    cid = f"MT_{instance}{number:08d}{base36(200, 3)}{base36(400, 4)}{base36(0, 6)}{base36(1, 2)}"
    assert ENTRY.fullmatch(cid)
    return cid


async def test_a_second_daemon_stops_us_within_a_look_and_keeps_its_orders(market: Market) -> None:
    market.clock.now_ms += 60_000
    theirs = of_instance("zZzZ", 1)
    await market.venue.place(NewOrder(theirs, PAIR, "buy", "LIMIT", Decimal(1), market.clock.now_ms, Decimal(90)))
    await after(market, 31, lambda snapshot: snapshot.control.halted)
    assert "second daemon" in market.snapshot.control.reason
    assert theirs in market.snapshot.control.reason
    assert market.snapshot.pending() == []
    with pytest.raises(TradingHalted):
        await market.ask(buy())
    await market.ask(messages.Resume())
    assert (await market.ask(messages.RecoverTrades())).recovered == 0
    assert (await market.ask(messages.RecoverPending())).recovered == 0
    assert not market.snapshot.control.halted  # it was told of that order already
    assert [order.cid for order in await market.venue.open_orders(PAIR)] == [theirs]


async def test_a_copy_of_this_folder_is_a_second_daemon_too(market: Market) -> None:
    """Its orders bear our own instance, and no journal of ours knows them; those of our trades that are over do."""
    await market.ask(buy())
    await market.ask(messages.ClosePosition(PAIR))
    market.clock.now_ms += 60_000
    await market.until(lambda snapshot: not snapshot.trades)
    await market.ask(messages.RecoverTrades())
    assert not market.snapshot.control.halted
    theirs = of_instance(await market.instance(), 3)
    await market.venue.place(NewOrder(theirs, PAIR, "buy", "LIMIT", Decimal(1), market.clock.now_ms, Decimal(90)))
    await after(market, 31, lambda snapshot: snapshot.control.halted)
    assert theirs in market.snapshot.control.reason
    assert market.snapshot.pending() == []


async def test_a_coin_without_a_market_hides_nothing(tmp_path: Path) -> None:
    """An airdrop: the account was never read, and so no entry let in."""
    market = Market(tmp_path)
    market.balance |= {"DROP": Decimal(5)}
    await market.start()
    await market.go(100.0)
    assert (await market.ask(buy())).status == "opened"
    await market.stop()


async def test_an_older_order_of_another_instance_is_taken_over(market: Market) -> None:
    await market.stop()
    market.clock.now_ms += 1000
    await market.start()
    theirs = of_instance("zZzZ", 2)
    await market.venue.place(NewOrder(theirs, PAIR, "buy", "LIMIT", Decimal(1), market.clock.now_ms, Decimal(90)))
    (entry,) = (await market.ask(messages.RecoverPending())).entries
    assert (entry.client_order_id, entry.entry_px) == (theirs, 90.0)
    assert [trade.intent.source for trade in market.snapshot.pending()] == ["recovered"]


async def test_what_was_sold_by_hand_is_no_lost_position(market: Market) -> None:
    """Its own orders alone say that something is held; a recover once failed on it for a week."""
    await market.venue.place(NewOrder("web_1", PAIR, "buy", "MARKET", Decimal(20), market.clock.now_ms, None))
    await market.ask(buy())
    (stop, *_) = await market.venue.open_orders(PAIR)
    await market.venue.cancel(PAIR, stop.cid)
    free = (await market.venue.balances())["SOL"].free.quantize(Decimal("0.001"), "ROUND_DOWN")
    sale = NewOrder("web_2", PAIR, "sell", "MARKET", free, market.clock.now_ms, None)
    await market.venue.place(sale)
    await market.until(lambda snapshot: not snapshot.open_trades())
    await market.venue.place(NewOrder("web_3", PAIR, "buy", "MARKET", Decimal(20), market.clock.now_ms, None))
    market.clock.now_ms += 60_000
    await market.until(lambda snapshot: not snapshot.trades)
    assert (await market.ask(messages.RecoverTrades())).recovered == 0
    assert market.snapshot.open_trades() == []
    await market.ask(limit(90.0))


async def test_entries_wait_for_a_look_that_succeeds(tmp_path: Path) -> None:
    market = Market(tmp_path, Script([InjectedFault("maintenance", on="open_everywhere", times=2)]))
    await market.start()
    await market.go(100.0)
    with pytest.raises(NotReady, match="have not been read"):
        await market.ask(buy())
    await market.ask(ReadAccount())
    while not market.snapshot.reconciled:  # each look that failed is repeated a few seconds later
        await after(market, 1, lambda snapshot: True)
        await asyncio.sleep(0.01)
    assert (await market.ask(buy())).status == "opened"
    await market.stop()


async def test_a_search_takes_as_long_as_the_venue_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No limit of a request ends it: its success would be lost, and entries would stay barred."""
    monkeypatch.setattr(reconciliation, "REQUEST_SECONDS", 0.2)
    everywhere = PaperExchange.open_everywhere

    async def slow(venue: PaperExchange) -> Any:
        await asyncio.sleep(0.6)
        return await everywhere(venue)

    monkeypatch.setattr(PaperExchange, "open_everywhere", slow)
    market = Market(tmp_path)
    await market.start()
    await market.go(100.0)
    await market.until(lambda snapshot: snapshot.reconciled)
    assert (await market.ask(messages.RecoverTrades())).recovered == 0
    await market.stop()


class Crowd:
    """A venue on which many coins are held: one has no market, one cannot be read, one only in part."""

    def __init__(self) -> None:
        self.coins = [f"C{number:02}" for number in range(20)]
        self.now = self.most = 0

    async def open_everywhere(self) -> Told[Any]:
        return Told({}, frozenset({"C02USDT"}))

    async def account(self, max_age: int) -> AccountView:
        return AccountView(dict.fromkeys(self.coins, Balance(Decimal(1), Decimal(0))), NOW, frozenset({"C03"}))

    async def look(self, watch: Watch) -> VenueView:
        self.now += 1
        self.most = max(self.most, self.now)
        await asyncio.sleep(0)
        self.now -= 1
        if watch.symbol == "C01USDT":
            raise SymbolNotFound("no such market")
        if watch.symbol == "C02USDT":
            raise Unreachable("no answer")
        failed = frozenset({"fills"} if watch.symbol == "C03USDT" else ())
        return VenueView(FILTERS, NOW, open_orders=(), history=(), fills=(), failed=failed)


async def test_symbols_are_searched_side_by_side_but_not_all_at_once() -> None:
    venue = Crowd()
    search = reconciliation.Search(
        exchange=cast(Any, venue),
        ask=cast(Any, None),
        clock=StillClock(NOW),
        snapshot=TradingSnapshot,
        instance="abcd",
        boot_ms=NOW,
        rules=BINANCE,
    )
    found = await reconciliation.searched(search, everywhere=True)
    assert (found.trades, found.strangers) == ((), ())
    assert found.failed == (("C02USDT", "no answer"), ("C03USDT", "no answer for fills"))
    assert venue.most == reconciliation.LOOKS_AT_ONCE
    known = await reconciliation.searched(search, everywhere=False)  # what reads of the whole account could not tell
    assert known.failed == found.failed


async def test_k11_a_symbol_that_cannot_be_searched_bars_its_own_entries_and_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One coin that is held and cannot be read once shut all entries for as long as that lasted."""
    orders = PaperExchange.orders
    dark = True

    async def unread(venue: PaperExchange, symbol: str, since: int) -> Any:
        if dark and symbol == "AAAUSDT":
            raise Unreachable("no answer")
        return await orders(venue, symbol, since)

    monkeypatch.setattr(PaperExchange, "orders", unread)
    market = Market(tmp_path)
    market.feed.coins = ["SOL", "AAA"]
    market.balance |= {"AAA": Decimal(5)}
    await market.start()
    await market.go(100.0)
    await market.until(lambda snapshot: snapshot.reconciled)
    assert market.snapshot.unsearched.keys() == {"AAAUSDT"}
    with pytest.raises(NotReady, match="have not been read since the start"):
        await market.ask(buy(symbol="AAAUSDT"))
    assert (await market.ask(buy())).status == "opened"
    with pytest.raises(ExchangeError, match="AAAUSDT could not be read"):
        await market.ask(messages.RecoverTrades())
    market.clock.now_ms += 30_000
    await until(lambda: "symbol_unreadable" in market.pages)
    dark = False
    await after(market, 31, lambda snapshot: not snapshot.unsearched)
    assert (await market.ask(buy(symbol="AAAUSDT"))).status == "opened"
    await until(lambda: "symbol_unreadable" not in market.pages)
    await market.stop()

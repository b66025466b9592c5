"""The paper exchange behind `VenueCalls`: Binance's rules, the prices of a feed, its own ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from contextlib import suppress
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import TypeVar

from apsw import Connection

from opentrader.domain.ports import Clock, Feed
from opentrader.domain.time_limits import RECV_WINDOW_MS
from opentrader.domain.trading.exchange import (
    Followed,
    Hear,
    NewList,
    NewOrder,
    OrderChanged,
    PricesChanged,
    PriceTicker,
    StreamAlive,
    Unreachable,
    VenueEvent,
)
from opentrader.domain.trading.venue import Accepted, Balance, Fill, Filters, Order, OrderList, Outcome, Unknown
from opentrader.errors import OpentraderError, SymbolNotFound
from opentrader.exchange.paper.ledger import ledger as accounting
from opentrader.exchange.paper.ledger.ledger import Ledger
from opentrader.exchange.paper.ledger.records import LedgerRecords
from opentrader.exchange.paper.matching.account import Account
from opentrader.exchange.paper.matching.book import Book, Depth
from opentrader.exchange.paper.matching.order_entry import OrderEntry
from opentrader.exchange.paper.prices import NoPrice, prices_of
from opentrader.exchange.paper.reports import list_report, order_report
from opentrader.exchange.paper.session import Session, Terms
from opentrader.exchange.paper.transport import Faults, Script, Transport
from opentrader.exchange.paper.wire import Wire
from opentrader.exchange.refusals import BAD_SYMBOL, MARKET_CLOSED, TOO_EARLY, TOO_OLD, Refusal, outcome_of
from opentrader.store.sqlite.writer import OnFailed, ignore_failure

AHEAD_MS = 1_000
BEAT_SECONDS = 1.0  # between two signs of life of the stream
T = TypeVar("T")
Report = Order | OrderList | Refusal
Request = Callable[[OrderEntry, Account], Report]


class PaperExchange:
    """An in-process venue. Its time is market time; every call first advances the market to the current time.

    `recv_window_ms` is the maximum age of a request, in market time, which runs `speed` times as fast as real time.
    While `transport.gate` is cleared, every call waits. `close` closes the ledger.
    """

    venue = "paper"

    def __init__(
        self,
        session: Session,
        clock: Clock,
        *,
        faults: Faults | None = None,
        recv_window_ms: int = RECV_WINDOW_MS,
        wire: Wire | None = None,
        speed: float = 1.0,
    ) -> None:
        self.transport = Transport(faults or Script(), clock.market_ms, wire, speed)
        self._session, self._clock = session, clock
        self._recv_window_ms = recv_window_ms
        self._best_prices: dict[str, tuple[tuple[Decimal, Filters, Depth], tuple[Decimal, Decimal]]] = {}

    @classmethod
    async def open(
        cls,
        folder: Path,
        feed: Feed,
        clock: Clock,
        *,
        balance: Mapping[str, Decimal],
        terms: Terms | None = None,
        faults: Faults | None = None,
        recv_window_ms: int = RECV_WINDOW_MS,
        wire: Wire | None = None,
        speed: float = 1.0,
        on_failed: OnFailed = ignore_failure,
    ) -> PaperExchange:
        """Open the exchange over the ledger in `folder`; a new ledger starts with `balance`.

        `on_failed` is called when the disk fails, as in `Store.open`.

        Raises `ConfigError` for an unusable ledger, `StorageError` when the disk fails.
        """
        ledger = Ledger.open(folder, on_failed)
        await ledger.write(partial(_first_deposit, balance, clock.market_ms()))
        session = Session(ledger, prices_of(feed), feed.listings(), terms or Terms())
        return cls(session, clock, faults=faults, recv_window_ms=recv_window_ms, wire=wire, speed=speed)

    @property
    def used(self) -> int:
        """The request weight of this minute."""
        return self.transport.wire.used

    def close(self) -> None:
        """Commit pending writes and close the ledger. Blocks briefly. Idempotent."""
        self._session.ledger.close()

    async def advance(self, now_ms: int) -> None:
        """Advance the market to an instant and deliver late requests. Every call does this by itself."""
        await self.transport.arrivals(now_ms)
        await self._session.advance(now_ms)

    # --- writes

    async def place(self, order: NewOrder) -> Outcome:
        return await self._write("place", order.symbol, partial(_place, order), order.sent_at)

    async def place_list(self, new: NewList) -> Outcome:
        return await self._write("place_list", new.symbol, partial(_place_list, new), new.sent_at)

    async def cancel(self, symbol: str, cid: str) -> Outcome:
        return await self._write("cancel", symbol, partial(_cancel, cid), None)

    async def cancel_list(self, symbol: str, cid: str) -> Outcome:
        return await self._write("cancel_list", symbol, partial(_cancel_list, cid), None)

    async def replace(self, cancel_cid: str, order: NewOrder) -> Outcome:
        return await self._write("replace", order.symbol, partial(_replace, cancel_cid, order), order.sent_at)

    async def _write(self, method: str, symbol: str, request: Request, sent_at: int | None) -> Outcome:
        return await self.transport.write(method, partial(self._arrived, method, symbol, request, sent_at))

    async def _arrived(self, method: str, symbol: str, request: Request, sent_at: int | None, now_ms: int) -> Outcome:
        """A request without a timestamp counts as sent now."""
        if not self._session.takes(symbol, cancel=method in {"cancel", "cancel_list"}):
            await self._session.advance(now_ms)
            return outcome_of(-1013, MARKET_CLOSED)
        try:
            self._check_time(now_ms if sent_at is None else sent_at, now_ms)
            report = await self._session.serve(now_ms, symbol, request)
        except Refusal as refusal:
            return outcome_of(refusal.code, refusal.text)
        except SymbolNotFound:
            return outcome_of(-1121, BAD_SYMBOL)
        except NoPrice:
            return outcome_of(-1013, MARKET_CLOSED)
        except OpentraderError as error:  # the ledger or the feed failed: a real venue would answer 5xx
            return Unknown(str(error))
        return outcome_of(report.code, report.text) if isinstance(report, Refusal) else Accepted(report)

    def _check_time(self, sent_at: int, now_ms: int) -> None:
        if sent_at >= now_ms + AHEAD_MS:
            raise Refusal(-1021, TOO_EARLY)
        if now_ms - sent_at > self._recv_window_ms:
            raise Refusal(-1021, TOO_OLD)

    # --- reads

    async def order(self, symbol: str, cid: str) -> Order:
        return await self._recorded("order", symbol, lambda records: records.order(symbol, cid))

    async def order_list(self, symbol: str, cid: str) -> OrderList:
        return await self._recorded("order_list", symbol, lambda records: records.order_list(symbol, cid))

    async def open_orders(self, symbol: str) -> tuple[Order, ...]:
        return await self._recorded(
            "open_orders", symbol, lambda records: tuple(map(order_report, records.open_orders(symbol)))
        )

    async def open_everywhere(self) -> Mapping[str, tuple[Order, ...]]:
        return await self._recorded("open_everywhere", None, _open_by_symbol)

    async def open_lists(self) -> tuple[OrderList, ...]:
        return await self._recorded("open_lists", None, LedgerRecords.open_lists)

    async def orders(self, symbol: str, since: int) -> tuple[Order, ...]:
        return await self._recorded("orders", symbol, lambda records: records.orders(symbol, since))

    async def fills(self, symbol: str, since: int) -> tuple[Fill, ...]:
        return await self._recorded("fills", symbol, lambda records: records.fills(symbol, since))

    async def balances(self) -> Mapping[str, Balance]:
        return await self._recorded("balances", None, LedgerRecords.balances)

    async def ticker(self, symbol: str) -> PriceTicker:
        return await self.transport.read("ticker", partial(self._ticker, symbol))

    async def prices(self, symbols: Collection[str]) -> Mapping[str, PriceTicker]:
        return await self.transport.read("prices", partial(self._prices, symbols))

    async def filters(self, symbol: str) -> Filters:
        return await self.transport.read("filters", lambda now_ms, was: self._session.filters(symbol, now_ms))

    async def server_time(self) -> int:
        return await self.transport.read("server_time", _time)

    # --- push

    @property
    def pushes(self) -> bool:
        return self.transport.wire.terms.push

    async def stream(self, hear: Hear, followed: Followed) -> None:
        """Changes of orders at once; prices and a sign of life each second. The market advances by itself meanwhile."""
        wire = self.transport.wire

        def tell(event: VenueEvent) -> None:
            wire.later(partial(hear, event))

        wire.charge("stream")
        self._session.told = lambda symbol: tell(OrderChanged(symbol))
        while not wire.breaks():
            await self.transport.gate.wait()
            now_ms = self._clock.market_ms()
            await self.advance(now_ms)
            if prices := await self._prices(followed(), now_ms, None):
                tell(PricesChanged(prices))
            tell(StreamAlive())
            await asyncio.sleep(BEAT_SECONDS)
        raise Unreachable("the stream broke")

    async def _recorded(self, method: str, symbol: str | None, question: Callable[[LedgerRecords], T]) -> T:
        async def answer(now_ms: int, was: int | None) -> T:
            await self._session.advance(now_ms)
            if symbol is not None:
                await self._session.filters(symbol, now_ms)
            return self._session.ledger.read(lambda connection: question(LedgerRecords(connection, was)))

        return await self.transport.read(method, answer)

    async def _prices(self, symbols: Collection[str], now_ms: int, was: int | None) -> dict[str, PriceTicker]:
        prices: dict[str, PriceTicker] = {}
        for symbol in symbols:
            with suppress(SymbolNotFound, NoPrice):
                prices[symbol] = await self._ticker(symbol, now_ms, was)
        return prices

    async def _ticker(self, symbol: str, now_ms: int, was: int | None) -> PriceTicker:
        at = now_ms if was is None else was
        last, filters = await self._session.last(symbol, at), await self._session.filters(symbol, at)
        bid, ask = self._best(symbol, last, filters)
        return PriceTicker(bid, ask, last, await self._session.traded_until(symbol, at))

    def _best(self, symbol: str, last: Decimal, filters: Filters) -> tuple[Decimal, Decimal]:
        """Bid and ask, worked out once for a price: it stays the same for a minute."""
        of, known = (last, filters, self._session.terms.rates.depth), self._best_prices.get(symbol)
        if known is None or known[0] != of:
            book = Book(*of)
            known = self._best_prices[symbol] = (of, (book.best("sell"), book.best("buy")))
        return known[1]


async def _time(now_ms: int, was: int | None) -> int:
    return now_ms if was is None else was


def _open_by_symbol(records: LedgerRecords) -> dict[str, tuple[Order, ...]]:
    by_symbol: dict[str, tuple[Order, ...]] = {}
    for order in records.open_orders():
        by_symbol[order.symbol] = (*by_symbol.get(order.symbol, ()), order_report(order))
    return by_symbol


def _place(order: NewOrder, entry: OrderEntry, account: Account) -> Report:
    return order_report(entry.place(order), account.new_trades)


def _place_list(new: NewList, entry: OrderEntry, account: Account) -> Report:
    made = entry.place_list(new)
    return list_report(made, *account.legs(made))


def _cancel(cid: str, entry: OrderEntry, account: Account) -> Report:
    return order_report(entry.cancel(cid))


def _cancel_list(cid: str, entry: OrderEntry, account: Account) -> Report:
    ended = entry.cancel_list(cid)
    return list_report(ended, *account.legs(ended))


def _replace(cancel_cid: str, order: NewOrder, entry: OrderEntry, account: Account) -> Report:
    placed = entry.replace(cancel_cid, order)
    return placed if isinstance(placed, Refusal) else order_report(placed, account.new_trades)


def _first_deposit(balance: Mapping[str, Decimal], at: int, connection: Connection) -> None:
    if not accounting.transfers(connection):
        for asset, amount in balance.items():
            accounting.deposit(connection, asset, amount, at)

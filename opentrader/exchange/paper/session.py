"""A session: advances the market to an instant, then serves one request in one transaction of the ledger."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from functools import partial
from typing import TypeVar

from apsw import Connection

from opentrader.domain.symbols import Listing
from opentrader.domain.timeframes import WEEK_MS
from opentrader.domain.trading.venue import Filters, PriceBand, SymbolStatus
from opentrader.errors import SymbolNotFound
from opentrader.exchange.paper.ledger import ledger as accounting
from opentrader.exchange.paper.ledger.ledger import Ledger
from opentrader.exchange.paper.matching.account import Account
from opentrader.exchange.paper.matching.engine import BnbPrice, Matching, Rates
from opentrader.exchange.paper.matching.fees import BNB
from opentrader.exchange.paper.matching.filters import usual_filters
from opentrader.exchange.paper.matching.order_entry import OrderEntry
from opentrader.exchange.paper.matching.price_path import Path
from opentrader.exchange.paper.matching.replay import BnbPrices, pass_paths
from opentrader.exchange.paper.prices import MINUTE_MS, NoPrice, Prices

PIECE_MS = WEEK_MS  # a long pause is replayed in pieces, each one transaction
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Terms:
    """Rates, price band, and limits of the venue."""

    rates: Rates = field(default_factory=Rates)
    band: PriceBand = field(default_factory=PriceBand)
    most_stops: int = 5
    most_lists: int = 20
    most_orders: int = 200
    market_stops: bool = True
    """Whether STOP_LOSS and TAKE_PROFIT (market orders once triggered) are supported."""


class Session:
    """Serves one request at a time, as a matching engine does."""

    def __init__(self, ledger: Ledger, prices: Prices, listings: Mapping[str, Listing], terms: Terms) -> None:
        self.ledger, self.terms = ledger, terms
        self._prices, self._listings = prices, listings
        self.statuses: dict[str, SymbolStatus] = {}  # of symbols that take no orders; nothing is matched in them
        self._rules: dict[str, Filters] = {}
        self._turn = asyncio.Lock()
        self._passed = ledger.read(accounting.looked_at)
        self.told: Callable[[str], object] = lambda symbol: None  # of each symbol whose orders have changed

    async def advance(self, now_ms: int) -> int:
        """Advance the market to an instant and return it; time never goes back."""
        async with self._turn:
            return await self._advance(now_ms)

    async def serve(self, now_ms: int, symbol: str, request: Callable[[OrderEntry, Account], T]) -> T:
        """Run a request; returns when it is durable. Raises `Refusal` from the request, or `ExchangeError`."""
        async with self._turn:
            at = await self._advance(now_ms)
            filters, last = await self.filters(symbol, at), await self.last(symbol, at)
            bnb = await self._bnb([filters.quote], at, at)
            answer, changed = await self.ledger.write(
                partial(self._serve, request=request, filters=filters, last=last, bnb=bnb, at=at)
            )
            self._tell(changed)
            return answer

    def _tell(self, changed: Iterable[str]) -> None:
        for symbol in changed:
            self.told(symbol)

    async def last(self, symbol: str, at: int) -> Decimal:
        """The last price. Raises `NoPrice` if there is none yet."""
        self._listing(symbol)
        price = await self._prices.last(symbol, at)
        if price is None:
            raise NoPrice(f"{symbol} has no price at this time: its history begins later")
        return price

    async def traded_until(self, symbol: str, at: int) -> int:
        """The instant up to which the market is known."""
        return await self._prices.traded_until(symbol, at)

    async def filters(self, symbol: str, at: int) -> Filters:
        """The filters of a symbol: chosen at the first request and then stored permanently; and its status."""
        if symbol not in self._rules:
            listing = self._listing(symbol)
            rules = usual_filters(listing, await self.last(symbol, at), self.terms.rates.fees.worst)
            tick, step = await self.ledger.write(partial(_kept_grid, rules))
            self._rules[symbol] = self._on_offer(replace(rules, tick=tick, step=step, min_qty=step))
        status = self.statuses.get(symbol)
        return self._rules[symbol] if status is None else replace(self._rules[symbol], status=status)

    def takes(self, symbol: str, *, cancel: bool) -> bool:
        """Whether a symbol takes orders, or a cancel of one."""
        status = self.statuses.get(symbol, "TRADING")
        return status == "TRADING" or (cancel and status == "CANCEL_ONLY")

    def _on_offer(self, rules: Filters) -> Filters:
        terms = self.terms
        withheld = set() if terms.market_stops else {"STOP_LOSS", "TAKE_PROFIT"}
        return replace(
            rules,
            order_types=rules.order_types - withheld,
            max_stops=terms.most_stops,
            max_lists=terms.most_lists,
            max_orders=terms.most_orders,
            band=terms.band,
        )

    def _listing(self, symbol: str) -> Listing:
        if symbol not in self._listings:
            raise SymbolNotFound(f"the paper exchange does not trade {symbol}")
        return self._listings[symbol]

    async def _advance(self, now_ms: int) -> int:
        if now_ms // MINUTE_MS > self._passed // MINUTE_MS:  # no candle ends within a minute
            await self._pass_until(now_ms)
        self._passed = max(self._passed, now_ms)
        return self._passed

    async def _pass_until(self, now_ms: int) -> None:
        looked, traded = self.ledger.read(_state)
        after = looked
        while traded and after < now_ms:
            until = min(now_ms, after + PIECE_MS)
            passed = await self._pass(looked, after, until, traded)
            looked, traded = self.ledger.read(_state)
            after = until if passed else looked

    async def _pass(self, looked: int, after: int, until: int, traded: Mapping[str, str]) -> bool:
        """Replay a period in the traded symbols, each with its quote currency. False: it was replayed already."""
        symbols = [symbol for symbol in traded if symbol in self._listings and symbol not in self.statuses]
        paths = {symbol: await self._prices.path(symbol, after, until) for symbol in symbols}
        if not self.statuses and not any(len(path.rows) for path in paths.values()):
            return True  # what passes while a symbol does not trade must not be matched later
        rules = {symbol: await self.filters(symbol, until) for symbol in symbols}
        bnb = await self._bnb(sorted(set(traded.values())), after, until)
        changed = await self.ledger.write(
            partial(self._go_by, paths=paths, rules=rules, bnb=bnb, looked=looked, until=until)
        )
        self._tell(changed or ())
        return changed is not None

    async def _bnb(self, quotes: Iterable[str], after: int, until: int) -> BnbPrice:
        paths: dict[str, Path] = {}
        before: dict[str, Decimal | None] = {}
        for quote in quotes if self.terms.rates.fees.in_bnb else ():
            if BNB + quote in self._listings:
                paths[quote] = await self._prices.path(BNB + quote, after, until)
                before[quote] = await self._prices.last(BNB + quote, after)
        return BnbPrices(paths, before)

    # --- on the ledger's thread

    def _go_by(
        self,
        connection: Connection,
        *,
        paths: Mapping[str, Path],
        rules: Mapping[str, Filters],
        bnb: BnbPrice,
        looked: int,
        until: int,
    ) -> tuple[str, ...] | None:
        """The symbols whose orders have changed; None if the period was replayed already."""
        if accounting.looked_at(connection) != looked:  # a caller that timed out has done this already
            return None
        account = accounting.load(connection)
        pass_paths(Matching(account, self.terms.rates, bnb), paths, rules)
        accounting.look(connection, until)
        accounting.save(connection, account)
        return changed_symbols(account)

    def _serve(
        self,
        connection: Connection,
        *,
        request: Callable[[OrderEntry, Account], T],
        filters: Filters,
        last: Decimal,
        bnb: BnbPrice,
        at: int,
    ) -> tuple[T, tuple[str, ...]]:
        account = accounting.load(connection)
        matching = Matching(account, self.terms.rates, bnb)
        answer = request(OrderEntry(matching, filters, last, at), account)
        accounting.look(connection, at)
        accounting.save(connection, account)
        return answer, changed_symbols(account)


def changed_symbols(account: Account) -> tuple[str, ...]:
    """The symbols in which orders were made, filled, triggered or ended."""
    return tuple(dict.fromkeys(order.symbol for order in account.changed_orders.values()))


def _state(connection: Connection) -> tuple[int, dict[str, str]]:
    return accounting.looked_at(connection), accounting.traded(connection)


def _kept_grid(rules: Filters, connection: Connection) -> tuple[Decimal, Decimal]:
    accounting.keep_grid(connection, rules.symbol, rules.tick, rules.step)
    return accounting.grids(connection)[rules.symbol]

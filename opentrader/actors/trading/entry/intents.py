"""Turns a request into an intent: the quote of the exchange, the size, and the levels as they will be sent.

Pure, except for reading the quote.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from decimal import Decimal

from opentrader.actors.messages import (
    ExecuteTrade,
    PlaceManual,
)
from opentrader.actors.trading.entry.levels import Levels, demand_exits, demand_levels, demand_limit, levels_of
from opentrader.actors.trading.reading.account import account_of
from opentrader.actors.trading.replies.snapshot import AccountReading
from opentrader.domain.timeframes import HOUR_MS
from opentrader.domain.trading.exchange import Exchange, GarbledAnswer, PriceTicker, Unreachable
from opentrader.domain.trading.lifecycle.records import EntryKind, Intent, Source
from opentrader.domain.trading.looks import VenueView, Watch
from opentrader.domain.trading.risk import Funds, Risk, demand_within_collar, size
from opentrader.domain.trading.venue import ZERO, Balance, Filters, Order
from opentrader.errors import Fault, InvalidInput, OrderRejected, RiskLimit

EMPTY = Balance(ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Quote:
    """The current state of a symbol and the account."""

    filters: Filters
    ticker: PriceTicker
    account: AccountReading
    open_orders: tuple[Order, ...]

    @property
    def last(self) -> Decimal:
        return self.ticker.last

    @property
    def funds(self) -> Funds:
        """The equity includes other assets, at last price."""
        return Funds(self.account.equity, self.account.cash.free)

    def view(self, now: int) -> VenueView:
        """What the quote shows of the symbol."""
        balance = self.account.balances.get(self.filters.base, EMPTY)
        return VenueView(self.filters, now, last=self.last, balance=balance)


async def quoted(exchange: Exchange, symbol: str, known: AccountReading | None, *, young: bool, max_age: int) -> Quote:
    """A quote in one round trip. `known`: the last reading of the account, which is read again unless it is `young`.

    Open orders that were read `max_age` ago serve as well: they only count the places that are left.
    Raises `SymbolNotFound` and `ExchangeError`.
    """
    watch = Watch(symbol, parts=frozenset({"open_orders"}), max_age=max_age)
    reading = _as_known(known) if known is not None and young else account_of(exchange, known)
    ticker, view, account = await asyncio.gather(exchange.ticker(symbol), exchange.look(watch), reading)
    if view.open_orders is None:
        raise Unreachable(f"the open orders of {symbol} could not be read", hint="retry in a few seconds")
    if view.filters.base in account.unreadable:
        raise GarbledAnswer(f"the balance of {view.filters.base} could not be read", hint="retry in a few seconds")
    return Quote(filters=view.filters, ticker=ticker, account=account, open_orders=view.open_orders)


async def _as_known(reading: AccountReading) -> AccountReading:
    return reading


def demand_traded(quote: Quote) -> None:
    """Raise `OrderRejected` for a symbol that takes no orders."""
    filters = quote.filters
    if not filters.trades:
        raise OrderRejected(
            f"{filters.symbol} takes no orders: the exchange says {filters.status}",
            hint="nothing was sent; it is possible again once the symbol trades",
        )


def demand_fresh(quote: Quote, now: int, limit_ms: float) -> None:
    """Raise `RiskLimit` for a price that is older than the limit."""
    age = now - quote.ticker.at
    if age > limit_ms:
        raise RiskLimit(
            f"the last price of {quote.filters.symbol} is {age / 1000:.0f} s old",
            hint="entries need a fresh price; check that the feed still delivers candles for this symbol",
        )


def demand_slots(quote: Quote, to_come: int) -> None:
    """Raise `OrderRejected` where the exchange would reject the exits of one more entry.

    `to_come`: the number of order lists that entries in flight will still need.
    """
    filters = quote.filters
    lists = len({order.list_id for order in quote.open_orders if order.list_id}) + to_come + 1
    stops = sum(order.stop_px is not None for order in quote.open_orders) + to_come + 1
    orders = len(quote.open_orders) + 3 * (to_come + 1)  # an entry, and the two orders of its list
    wanted = {
        "orders": (orders, filters.max_orders),
        "stops": (stops, filters.max_stops),
        "lists": (lists, filters.max_lists),
    }
    for what, (count, limit) in wanted.items():
        if count > limit:
            raise OrderRejected(
                f"{filters.symbol} would need {count} open {what}, but the exchange allows {limit}",
                hint="nothing was sent: the position could not be protected while so many orders are open",
            )


def market_intent(request: ExecuteTrade, quote: Quote, risk: Risk, *, now: int, key: str, instance: str) -> Intent:
    """The intent of a market entry; size and levels are computed from the ask."""
    px = quote.filters.price(quote.ticker.ask)
    sl_pct, tp_pct = Decimal(str(request.sl)), Decimal(str(request.tp))
    levels = levels_of(px, sl_pct, tp_pct, quote.filters)
    demand_levels(levels, tp_pct, quote.ticker, quote.filters, ("sl", "tp"))
    return _intent(
        key=key,
        kind="market",
        symbol=request.symbol,
        qty=_protectable(request.symbol, levels, quote, risk),
        levels=levels,
        sl_pct=sl_pct,
        tp_pct=tp_pct,
        ttl_at=0,
        now=now,
        instance=instance,
        agent=request.agent,
        bot=request.bot,
        source="trade",
        idem_key=request.idem_key,
    )


def limit_intent(request: PlaceManual, quote: Quote, risk: Risk, *, now: int, key: str, instance: str) -> Intent:
    """The intent of a LIMIT entry, sized at the limit price; raises `RiskLimit` outside the collar."""
    px = quote.filters.limit_price("buy", Decimal(str(request.entry_px)))
    if px <= 0:
        fault = Fault(("query", "entry_px"), f"is below the tick size {quote.filters.tick:f}", "value_error")
        raise InvalidInput([fault])
    demand_within_collar("buy", px, quote.last, risk)
    sl_pct, tp_pct = Decimal(str(request.sl_pct)), request.target_pct
    levels = levels_of(px, sl_pct, tp_pct, quote.filters)
    demand_levels(levels, tp_pct, quote.ticker, quote.filters, ("sl_pct", request.target_name))
    qty = _protectable(request.symbol, levels, quote, risk)
    demand_limit(request.symbol, px, qty, quote.last, quote.filters)
    ttl_at = now - now % 1000 + int(request.ttl_hours * HOUR_MS)
    return _intent(
        key=key,
        kind="limit",
        symbol=request.symbol,
        qty=qty,
        levels=levels,
        sl_pct=sl_pct,
        tp_pct=tp_pct,
        ttl_at=ttl_at,
        now=now - now % 1000,
        instance=instance,
        agent=request.agent,
        bot="manual",
        source="manual",
        rr=request.rr or "",
        idem_key=request.idem_key,
    )


def _protectable(symbol: str, levels: Levels, quote: Quote, risk: Risk) -> Decimal:
    """The size of an entry whose exits the exchange will take."""
    qty = size(quote.funds, levels.px, levels.sl, quote.filters, risk)
    demand_exits(symbol, levels, qty, quote.last, quote.filters)
    return qty


def _intent(
    *,
    key: str,
    kind: EntryKind,
    symbol: str,
    qty: Decimal,
    levels: Levels,
    sl_pct: Decimal,
    tp_pct: Decimal,
    ttl_at: int,
    now: int,
    instance: str,
    agent: str,
    bot: str,
    source: Source,
    rr: str = "",
    idem_key: str = "",
) -> Intent:
    return Intent(
        id=key,
        kind=kind,
        symbol=symbol,
        side="buy",
        qty=qty,
        px=levels.px,
        sl=levels.sl,
        tp=levels.tp,
        ttl_at=ttl_at,
        created_at=now,
        instance=instance,
        agent=agent,
        bot=bot,
        source=source,
        sl_pct=sl_pct,
        tp_pct=tp_pct,
        rr=rr,
        idem_key=idem_key,
    )

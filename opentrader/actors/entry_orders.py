"""From a request to an intent: what the venue says now, the size, and the levels as they will be sent. Pure but for
the reads of a quote."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from opentrader.actors.trading_messages import ExecuteTrade, PlaceManual
from opentrader.domain.exchange import Exchange, Ticker
from opentrader.domain.lifecycle.ids import at_distance
from opentrader.domain.lifecycle.records import EntryKind, Intent, Source
from opentrader.domain.risk import Funds, Risk, demand_within_collar, size
from opentrader.domain.venue import ZERO, Balance, Filters
from opentrader.errors import Fault, InvalidInput

HOUR_MS = 3_600_000
BASIS = Decimal(100)  # basis points to a percent
EMPTY = Balance(ZERO, ZERO)


@dataclass(frozen=True, slots=True)
class Quote:
    """A symbol and the money at hand, as of now. `equity` counts the quote currency and what is held of others."""

    filters: Filters
    ticker: Ticker
    funds: Funds

    @property
    def last(self) -> Decimal:
        return self.ticker.last


async def quoted(exchange: Exchange, symbol: str) -> Quote:
    """Raises `SymbolNotFound` and `ExchangeError`."""
    filters = await exchange.filters(symbol)
    ticker, balances = await exchange.ticker(symbol), await exchange.balances()
    cash = balances.get(filters.quote, EMPTY)
    equity = cash.total
    for asset, held in balances.items():
        if asset != filters.quote and held.total > 0:
            equity += held.total * (await exchange.ticker(asset + filters.quote)).last
    return Quote(filters, ticker, Funds(equity, cash.free))


def market_intent(request: ExecuteTrade, quote: Quote, risk: Risk, now: int, key: str, instance: str) -> Intent:
    """Sized at the ask; the levels are computed from it."""
    px = quote.filters.price(quote.ticker.ask)
    sl_pct, tp_pct = Decimal(str(request.sl)), Decimal(str(request.tp))
    qty = size(quote.funds, px, sl_pct, quote.filters, risk)
    return _intent(
        key,
        "market",
        request.symbol,
        qty,
        px,
        sl_pct,
        tp_pct,
        quote,
        0,
        now,
        instance,
        request.agent,
        request.bot,
        "trade",
        idem_key=request.idem_key,
    )


def limit_intent(request: PlaceManual, quote: Quote, risk: Risk, now: int, key: str, instance: str) -> Intent:
    """Sized at the limit price; raises `RiskLimit` outside the collar."""
    px = quote.filters.price(Decimal(str(request.entry_px)))
    if px <= 0:
        fault = Fault(("query", "entry_px"), f"is below the tick size {quote.filters.tick:f}", "value_error")
        raise InvalidInput([fault])
    demand_within_collar("buy", px, quote.last, risk)
    sl_pct, tp_pct = Decimal(str(request.sl_pct)), Decimal(str(request.target_pct))
    qty = size(quote.funds, px, sl_pct, quote.filters, risk)
    ttl_at = now - now % 1000 + int(request.ttl_hours * HOUR_MS)
    return _intent(
        key, "limit", request.symbol, qty, px, sl_pct, tp_pct, quote, ttl_at, now - now % 1000, instance, request.agent,
        "manual", "manual", request.rr or "", request.idem_key,
    )  # fmt: skip


def _intent(
    key: str, kind: EntryKind, symbol: str, qty: Decimal, px: Decimal, sl_pct: Decimal, tp_pct: Decimal, quote: Quote,
    ttl_at: int, now: int, instance: str, agent: str, bot: str, source: Source, rr: str = "",
    idem_key: str = "",
) -> Intent:  # fmt: skip
    """Levels are rounded to a basis point first: the client id tells them, and a lost store is rebuilt from it."""
    filters, cost = quote.filters, 2 * quote.filters.taker_rate * 100
    if tp_pct <= cost:
        fault = Fault(("query", "tp"), f"a target of {tp_pct:f} % does not pay the fees of {cost:f} %", "value_error")
        raise InvalidInput([fault])
    sl = filters.price(at_distance(px, -_basis_points(sl_pct)))
    tp = filters.price(at_distance(px, _basis_points(tp_pct)))
    if not ZERO < sl < px < tp:
        fault = Fault(
            ("query", "sl"), f"stop {sl:f} and target {tp:f} do not enclose {px:f} after rounding", "value_error"
        )
        raise InvalidInput([fault])
    return Intent(
        key, kind, symbol, "buy", qty, px, sl, tp, ttl_at, now, instance, agent=agent, bot=bot, source=source,
        sl_pct=sl_pct, tp_pct=tp_pct, rr=rr, idem_key=idem_key,
    )  # fmt: skip


def _basis_points(percent: Decimal) -> int:
    return max(1, round(percent * BASIS))

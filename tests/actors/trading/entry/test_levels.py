"""Stop and target of an entry: what could not be placed, or would lose at once, is refused before anything is sent."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.actors.trading.entry import intents
from opentrader.actors.trading.entry.intents import Quote, limit_intent, market_intent
from opentrader.actors.trading.entry.levels import Levels, demand_exits
from opentrader.actors.trading.replies.snapshot import AccountReading
from opentrader.domain.trading.exchange import PriceTicker
from opentrader.domain.trading.lifecycle.records import Intent
from opentrader.domain.trading.risk import Risk, size
from opentrader.domain.trading.venue import Balance, Filters, PriceBand
from opentrader.errors import AskTimeout, EntryWithdrawn, ExchangeError, InvalidInput, OrderRejected, RiskLimit
from opentrader.exchange.paper.session import Terms
from tests.fakes.market import PAIR, Market
from tests.fakes.orders import buy, limit

D = Decimal
MARKET_STOPS = frozenset({"MARKET", "LIMIT", "LIMIT_MAKER", "STOP_LOSS", "STOP_LOSS_LIMIT"})
RISK = Risk(max_notional_pct=D(100))  # only the stop limits the size


def quote(
    px: str = "100",
    *,
    tick: str = "0.01",
    spread: str = "0.02",
    min_notional: str = "5",
    market_stops: bool = True,
    **more: Any,
) -> Quote:
    """A market whose last price is its ask."""
    types = MARKET_STOPS if market_stops else MARKET_STOPS - {"STOP_LOSS"}
    step = D("0.001")
    rules = (D(tick), step, step, D(min_notional), D("0.001"))
    filters = Filters(PAIR, "SOL", "USDT", *rules, order_types=types, band=PriceBand(), **more)
    ask = D(px)
    return Quote(filters, PriceTicker(ask - D(spread), ask, ask, 0), READING, ())


READING = AccountReading("USDT", {"USDT": Balance(D(10_000), D(0))}, {}, 0)


def bought(seen: Quote, **request: Any) -> Intent:
    return market_intent(buy(**request), seen, RISK, now=0, key="0" * 26, instance="TEST")


def resting(seen: Quote, px: float, **request: Any) -> Intent:
    return limit_intent(limit(px, **request), seen, RISK, now=0, key="0" * 26, instance="TEST")


# --- after rounding


@pytest.mark.parametrize(
    ("sl", "fault"),
    [
        (0.3, "should exceed the spread and the fees"),  # 0.2 % of fees and 0.1 % of spread
        (0.9, "is not below the bid"),  # 99 after rounding: no tick below the bid of 99.9, which 99 % would be
        (1.6, None),
    ],
)
def test_a_stop_lies_a_tick_below_the_bid(sl: float, fault: str | None) -> None:
    seen = quote(tick="1", spread="0.1")
    if fault is None:
        assert bought(seen, sl=sl).sl == 98
        return
    with pytest.raises(InvalidInput, match=fault) as refused:
        bought(seen, sl=sl)
    assert [one.loc for one in refused.value.faults] == [("query", "sl")]


def test_a_target_lies_a_tick_above_the_ask_and_is_never_rounded_down() -> None:
    assert bought(quote(tick="1"), sl=3.0, tp=0.3).tp == 101
    assert bought(quote("100.1"), sl=3.0, tp=4.01).tp == D("104.12")  # 104.11401


def test_a_stop_within_spread_and_fees_is_refused_as_a_tiny_target_is() -> None:
    """`sl=0.02`, where a fraction was meant: it would be hit by its own spread."""
    with pytest.raises(InvalidInput) as refused:
        bought(quote(), sl=0.02, tp=0.1)
    assert [one.loc[-1] for one in refused.value.faults] == ["sl", "tp"]
    with pytest.raises(InvalidInput, match=r"should exceed the spread and the fees of 0\.22 %"):
        bought(quote(), sl=0.21)
    assert bought(quote(), sl=0.23).sl == D("99.77")


def test_the_stop_of_a_limit_entry_is_measured_at_its_own_price() -> None:
    with pytest.raises(InvalidInput, match="should exceed the spread"):
        resting(quote(), 90.0, sl_pct=0.2)
    assert resting(quote(), 90.0, sl_pct=0.3).sl == D("89.73")


# --- size and price


def test_the_size_is_computed_from_the_rounded_stop() -> None:
    """A stop of 1.5 % is 2 % away once it is on a tick: 64 would have been lost where 50 was the budget."""
    intent = bought(quote(tick="1", spread="0.1"), sl=1.51)
    assert intent.sl == 98
    assert intent.qty * (intent.px - intent.sl) <= 50


@given(
    st.decimals("0.5", 400, places=2),
    st.sampled_from(["0.01", "0.05", "0.1", "0.5"]),
    st.decimals("0.3", 60, places=2),
    st.decimals("0.3", 400, places=2),
)
def test_no_entry_risks_more_than_its_budget_or_has_levels_out_of_place(
    px: Decimal, tick: str, sl: Decimal, tp: Decimal
) -> None:
    seen = quote(str(px // D(tick) * D(tick) + D(tick)), tick=tick, spread=tick)
    try:
        intent = bought(seen, sl=float(sl), tp=float(tp))
    except (InvalidInput, RiskLimit, OrderRejected):
        return
    assert intent.qty * (intent.px - intent.sl) <= 50
    assert intent.sl <= seen.ticker.bid - seen.filters.tick
    assert intent.tp >= seen.ticker.ask + seen.filters.tick


def test_a_limit_buy_never_pays_more_than_was_asked_for() -> None:
    assert resting(quote(tick="0.05"), 98.04).px == D("98.00")
    with pytest.raises(InvalidInput, match="below the tick size"):
        resting(quote(tick="1", px="2"), 0.7)


# --- the filters of the venue


@pytest.mark.parametrize(
    ("seen", "request_", "told"),
    [
        (quote(), {"sl": 7.3, "tp": 605.0}, r"target .* PERCENT_PRICE_BY_SIDE"),
        (quote(), {"sl": 7.3, "tp": 399.0}, r"target .* PERCENT_PRICE_BY_SIDE"),  # the price may fall meanwhile
        (quote(market_stops=False), {"sl": 79.99}, r"stop .* PERCENT_PRICE_BY_SIDE"),
        (quote(min_notional="70"), {"sl": 40.0}, "after fees"),
    ],
)
def test_what_the_venue_would_refuse_is_refused_before(seen: Quote, request_: dict[str, Any], told: str) -> None:
    with pytest.raises(OrderRejected, match=told):
        bought(seen, **request_)


def test_a_venue_takes_what_is_within_its_filters() -> None:
    assert bought(quote(), sl=7.3, tp=390.0).tp == 490
    assert bought(quote(), sl=85.0).sl == 15  # a market stop has no limit price
    assert bought(quote(lists=False), sl=7.3, tp=605.0).tp == 705  # its target stays with the daemon


def test_a_limit_entry_is_checked_at_the_price_at_which_it_would_fill() -> None:
    with pytest.raises(OrderRejected, match=r"target .* PERCENT_PRICE_BY_SIDE"):
        resting(quote(), 50.0, sl_pct=7.3, rr=None, tp_pct=605.0)
    with pytest.raises(OrderRejected, match=r"entry .* PERCENT_PRICE_BY_SIDE"):
        resting(quote(), 19.0, sl_pct=7.3)
    assert resting(quote(), 50.0, sl_pct=7.3, rr=None, tp_pct=380.0).tp == 240


# --- on the real exchange


@pytest.mark.parametrize("entry", [buy(sl=7.3, tp=605.0), limit(90.0, sl_pct=7.3, rr=None, tp_pct=605.0)])
async def test_k21_nothing_is_bought_that_the_venue_would_not_let_be_protected(market: Market, entry: Any) -> None:
    """It was bought, refused by the price band, and sold again; as a resting entry, at its fill."""
    with pytest.raises(OrderRejected) as refused:
        await market.ask(entry)
    assert "intent_id" not in refused.value.facts
    assert await market.venue.orders(PAIR, 0) == ()


async def test_k21_the_mutant_that_asks_no_filter_is_found(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intents, "demand_exits", lambda *given: None)
    with pytest.raises((AskTimeout, ExchangeError)):
        await market.ask(buy(sl=7.3, tp=605.0), timeout=2)
    assert await market.venue.orders(PAIR, 0) != ()


async def test_k21_the_exchange_takes_the_exits_that_were_planned(market: Market) -> None:
    assert market.venue._session.terms == Terms()
    opened = await market.ask(buy(sl=40.0, tp=390.0))
    assert opened.trade.protection == "oco"


@pytest.mark.parametrize("sl", [0.01, 0.02, 0.1, 0.2])
async def test_k17_a_stop_in_its_own_spread_opens_nothing(market: Market, sl: float) -> None:
    """It was bought, could not be protected, and sold: 1.7 % for 0.5 %."""
    with pytest.raises(InvalidInput):
        await market.ask(buy(sl=sl))
    assert await market.venue.orders(PAIR, 0) == ()


async def test_k17_the_mutant_that_measures_no_stop_is_found(market: Market, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intents, "demand_levels", lambda *given: None)
    with pytest.raises(EntryWithdrawn):  # the price is at its stop already, so that it is not sent
        await market.ask(buy(sl=0.01))


def test_k17_the_mutant_that_sizes_by_the_wish_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(intents, "size", lambda funds, px, sl, *more: size(funds, px, D("98.49"), *more))
    intent = bought(quote(tick="1", spread="0.1"), sl=1.51)
    assert intent.qty * (intent.px - intent.sl) > 50


def test_what_is_left_after_fees_must_be_enough_to_protect() -> None:
    """Bought for 5.6 at 100, it is worth 5.04 at a stop of 90: too little for an order of 5 with its margin."""
    levels, filters = Levels(D(100), D(90), D(120)), quote().filters
    demand_exits(PAIR, levels, D("0.063"), D(100), filters)
    for qty in ("0.056", "0.062"):  # 0.061 after a fee of a thousandth
        with pytest.raises(OrderRejected, match="after fees"):
            demand_exits(PAIR, levels, D(qty), D(100), filters)

"""What a trade has earned, worked out by hand: 10 coins bought at 100 and sold at 120."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import get_args

from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.trading.lifecycle import holding
from opentrader.domain.trading.lifecycle.records import Leg, Trade
from opentrader.domain.trading.profit import Earnings, earnings, merged
from opentrader.domain.trading.venue import Fill, Side
from tests.domain.trading.lifecycle.given import FILTERS, INTENT, NOW, D, leg, trade

RULES = replace(FILTERS, taker_rate=D("0.001"))
ENTRY = leg("E", "FILLED", ex_ids=("1",))
LIST = leg("L", "FILLED", cum=D(10), quote=D(1200), ex_ids=("2", "3"))
WHOLE = trade(ENTRY, LIST)


def fill(side: Side, qty: int = 10, fee: str = "0", asset: str = "USDT", rate: str = "0", number: int = 0) -> Fill:
    order, px = ("1", D(100)) if side == "buy" else ("3", D(120))
    return Fill(f"{side}{number}", order, side, D(qty), px, D(fee), asset, NOW, D(rate))


def of(*fills: Fill, told: Trade = WHOLE) -> Earnings:
    return earnings(told, fills, RULES)


def test_fees_in_the_quote_currency_are_costs() -> None:
    earned = of(fill("buy", fee="1"), fill("sell", fee="1.2"))
    assert (earned.pnl, earned.fees, earned.left_over, earned.known) == (D("197.8"), D("2.2"), 0, True)


def test_a_fee_out_of_the_coins_bought_is_no_cost_of_its_own() -> None:
    sale = replace(LIST, cum=D(9), quote=D(1080))
    earned = of(fill("buy", fee="0.01", asset="BTC"), fill("sell", qty=9, fee="1"), told=trade(ENTRY, sale))
    assert (earned.pnl, earned.fees, earned.left_over) == (D(79), D(2), D("0.99"))


def test_a_fee_out_of_other_coins_of_the_same_kind_is_one() -> None:
    """Of BNB that is sold, the fee in BNB cannot come."""
    earned = of(fill("buy"), fill("sell", fee="0.01", asset="BTC"))
    assert (earned.pnl, earned.left_over) == (D("198.8"), 0)


def test_a_fee_in_a_third_asset_costs_its_rate() -> None:
    earned = of(fill("buy", fee="0.0015", asset="BNB", rate="500"), fill("sell", fee="0.002", asset="BNB", rate="450"))
    assert (earned.pnl, earned.fees, earned.known) == (D(200) - D("0.75") - D("0.9"), D("1.65"), True)


def test_without_its_rate_a_fee_is_the_highest_possible() -> None:
    earned = of(fill("buy", fee="0.0015", asset="BNB"), fill("sell", fee="1.2"))
    assert (earned.pnl, earned.known) == (D(200) - D(1) - D("1.2"), False)


def test_a_fee_of_nothing_needs_no_rate() -> None:
    assert of(fill("buy", asset="BNB"), fill("sell")).known


def test_where_fills_are_missing_the_orders_tell_and_the_fee_is_the_highest_possible() -> None:
    earned = of(fill("buy", qty=4, fee="0.1"))
    assert (earned.paid, earned.got, earned.bought, earned.sold) == (1000, 1200, 10, 10)
    assert earned.costs == D("0.1") + D("0.6") + D("1.2")
    assert not earned.known


def test_fills_of_others_do_not_count() -> None:
    stranger = replace(fill("buy", fee="5"), order_ex_id="9")
    assert of(fill("buy"), fill("sell"), stranger) == of(fill("buy"), fill("sell"))


def test_fills_that_the_order_does_not_tell_yet_count_and_are_not_exact() -> None:
    earned = of(fill("buy"), fill("buy", number=1), fill("sell"))
    assert (earned.bought, earned.paid, earned.known) == (20, 2000, False)


def test_a_position_without_an_order_is_never_exact() -> None:
    earned = of(fill("sell"), told=trade(holding(INTENT, D(10)), LIST))
    assert (earned.paid, earned.known) == (D(10) * INTENT.px, False)


def test_what_is_read_later_adds_fills_and_rates_and_takes_none_away() -> None:
    bare, rated = fill("buy", asset="BNB", fee="1"), fill("buy", asset="BNB", fee="1", rate="500")
    assert merged([bare], [rated, fill("sell")]) == (rated, fill("sell"))
    assert merged([rated], [bare]) == (rated,)


AMOUNTS = st.decimals("0.00000001", "1000", places=8)


@st.composite
def any_fills(draw: st.DrawFn) -> list[Fill]:
    """Fills of an entry and a close, none with a higher fee than the highest."""
    sides, assets = st.sampled_from(get_args(Side)), st.sampled_from(["BTC", "USDT", "BNB"])
    drawn = draw(st.lists(st.tuples(sides, assets, AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS), min_size=1, max_size=8))
    return [made(number, *one) for number, one in enumerate(drawn)]


@given(any_fills(), st.data())
def test_what_is_not_known_never_makes_the_profit_better(fills: list[Fill], data: st.DataObject) -> None:
    told = trade(*(ordered(side, fills) for side in ("buy", "sell")))
    whole = earnings(told, fills, RULES)
    assert whole.known
    lost = data.draw(st.sampled_from(fills))
    without = [each for each in fills if each is not lost]
    for less in (without, [*without, replace(lost, rate=D(0))]):
        assert earnings(told, less, RULES).pnl <= whole.pnl


def made(number: int, side: Side, asset: str, *amounts: Decimal) -> Fill:
    """A fill whose fee is a part of the highest one."""
    qty, px, share, rate = amounts
    worth = qty * px * RULES.taker_rate * share / 1000
    fee = worth / {"USDT": D(1), "BTC": px}.get(asset, rate)
    return Fill(f"{side}{number}", side, side, qty, px, fee, asset, NOW, rate if asset == "BNB" else D(0))


def ordered(side: str, fills: list[Fill]) -> Leg:
    own = [each for each in fills if each.side == side]
    cum, quote = sum((each.qty for each in own), D(0)), sum((each.qty * each.px for each in own), D(0))
    return leg("E" if side == "buy" else "C", "FILLED", cum=cum, quote=quote, ex_ids=(side,))

"""What the venue reports, as facts of one leg."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

import pytest

from opentrader.domain.trading.lifecycle import fold as folding
from opentrader.domain.trading.lifecycle.fold import position
from opentrader.domain.trading.lifecycle.records import Leg
from opentrader.domain.trading.venue import Fill, OrderList

from .given import (
    BOUGHT,
    ENTRY,
    FILTERS,
    NOW,
    STOP,
    D,
    entry_order,
    fold,
    leg,
    oco,
    order,
    trade,
    view,
)

FILLED = entry_order()


@pytest.mark.parametrize(
    ("seen", "state", "cum", "flag"),
    [
        (oco(), "OPEN", 0, ""),
        (oco(stop="EXPIRED", target_cum=4), "OPEN", 4, "TP_PART"),
        (oco(target="EXPIRED", triggered=True), "OPEN", 0, "TRIGGERED"),
        (oco(stop="EXPIRED", target="FILLED"), "FILLED", 10, ""),
        (oco(stop="FILLED", target="EXPIRED"), "FILLED", 10, ""),
        (oco(stop="CANCELED", target="CANCELED"), "CANCELED", 0, ""),
        (oco(stop="EXPIRED", target="CANCELED", target_cum=4), "CANCELED", 4, ""),
        (oco(stop="EXPIRED", target="EXPIRED"), "EXPIRED", 0, ""),
    ],
)
@pytest.mark.parametrize("told_as", ["list", "pieces"])
def test_a_list_as_one_leg(seen: OrderList, state: str, cum: int, flag: str, told_as: str) -> None:
    shown = view(FILLED, seen)
    if told_as == "pieces":  # the look-up by id failed: its orders still tell
        shown = replace(shown, found={}, missing=frozenset())
    told = fold(trade(BOUGHT, leg("L", "UNKNOWN")), shown).legs[1]
    assert (told.state, told.cum) == (state, cum)
    assert told.flag in {flag, "OUTSIDE"}


def test_one_expired_piece_says_nothing_of_its_list() -> None:
    alone = order(STOP, "sell", "STOP_LOSS", "EXPIRED", stop_px=D(90), list_id="7")
    shown = replace(view(FILLED, alone), found={}, missing=frozenset())
    assert fold(trade(BOUGHT, leg("L", "OPEN")), shown).legs[1].state == "OPEN"


def paid(order_ex_id: str, qty: int, fee: str, asset: str = "BTC") -> Fill:
    return Fill(f"t{qty}{fee}", order_ex_id, "buy", D(qty), D(100), Decimal(fee), asset, NOW)


def test_fees_count_only_when_the_trades_are_complete() -> None:
    filters = replace(FILTERS, taker_rate=Decimal("0.001"))
    told = trade(leg("E", "UNKNOWN"))
    incomplete: tuple[tuple[Fill, ...], ...] = ((), (paid(f"x{ENTRY}", 4, "0.002"),))
    for fills in incomplete:
        assert position(fold(told, replace(view(FILLED, fills=fills), filters=filters)), filters) == Decimal("9.99")
    fills = (paid(f"x{ENTRY}", 4, "0.002"), paid(f"x{ENTRY}", 6, "0.003"), paid("another", 9, "1"))
    assert position(fold(told, view(FILLED, fills=fills)), filters) == Decimal("9.995")
    fills = (paid(f"x{ENTRY}", 10, "0.01", "BNB"),)
    assert position(fold(told, view(FILLED, fills=fills)), filters) == 10


def test_a_trade_that_is_told_twice_counts_once() -> None:
    fills = (paid(f"x{ENTRY}", 4, "0.002"),) * 2
    told = fold(trade(leg("E", "UNKNOWN")), view(FILLED, fills=fills)).legs[0]
    assert (told.covered, told.fees) == (4, Decimal("0.002"))


def test_k25_fills_count_up_to_what_was_read_of_their_order() -> None:
    """The others have come between the two reads: no instant had 4 bought and 10 charged."""
    fills = (paid(f"x{ENTRY}", 4, "0.004"), paid(f"x{ENTRY}", 6, "0.006"))
    told = fold(trade(leg("E", "UNKNOWN")), view(entry_order("OPEN", 4), fills=fills)).legs[0]
    assert (told.cum, told.covered, told.fees) == (4, 4, Decimal("0.004"))


def test_k25_it_is_found_if_all_fills_count(monkeypatch: pytest.MonkeyPatch) -> None:
    def everything(leg: Leg, fills: tuple[Fill, ...], base: str) -> Leg:
        return replace(leg, covered=sum((fill.qty for fill in fills), D(0)), fees=D(1))

    monkeypatch.setattr(folding, "with_fills", everything)
    with pytest.raises(AssertionError):
        test_k25_fills_count_up_to_what_was_read_of_their_order()

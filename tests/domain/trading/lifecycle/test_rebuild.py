"""The store is lost: what the venue alone tells."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opentrader.domain.trading.lifecycle import Rebuilt, Trade, joined, rebuild, rebuilt
from opentrader.domain.trading.lifecycle.fold import position
from opentrader.domain.trading.lifecycle.ids import entry_id
from opentrader.domain.trading.lifecycle.stray import sold
from opentrader.domain.trading.venue import Close, Order, OrderList, PlaceList

from .given import (
    BOUGHT,
    CLOSE,
    FILTERS,
    INTENT,
    LIST,
    NOW,
    SETTINGS,
    STOP,
    D,
    entry_order,
    leg,
    oco,
    order,
    ticked,
    trade,
    view,
)

BOOT = NOW
FREE = SETTINGS.horizon + SETTINGS.read_lag


def found(*seen: Order | OrderList, **fields: Any) -> Rebuilt:
    return rebuilt(replace(view(*seen, **fields), found={}), "zZ9y", BOOT)


def alone(*seen: Order | OrderList, **fields: Any) -> Trade:
    (told,) = found(*seen, **fields).trades
    return told


def test_a_resting_entry_is_rebuilt_from_its_id() -> None:
    cid = entry_id(replace(INTENT, ttl_at=NOW + 60_000))
    told = alone(replace(entry_order("OPEN", 0), cid=cid), wallet=0)
    assert (told.intent.sl, told.intent.tp, told.intent.px, told.intent.qty) == (90, 120, 100, 10)
    assert told.intent.ttl_at == NOW + 60_000
    assert told.intent.id.endswith(INTENT.id[-8:])
    assert told.intent.instance == "zZ9y"
    assert ticked(told, view(wallet=0))[0].label == "ENTERING"


def test_k18_the_id_tells_the_first_stop_and_the_levels_in_percent() -> None:
    raised = oco()
    raised = replace(raised, stop=replace(raised.stop, stop_px=D(95)))
    told = alone(entry_order(), raised)
    assert (told.intent.sl, told.sl) == (90, 95)
    assert (told.intent.sl_pct, told.intent.tp_pct, told.intent.rr) == (10, 20, "1:2")


def test_k18_it_is_found_if_the_stop_that_rests_counts_as_the_first(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = rebuild.asked
    monkeypatch.setattr(rebuild, "asked", lambda *given: replace(asked(*given), sl=D(95)))
    with pytest.raises(AssertionError):
        test_k18_the_id_tells_the_first_stop_and_the_levels_in_percent()


def test_a_filled_entry_has_no_open_order_and_is_found_all_the_same() -> None:
    told = alone(entry_order())
    assert position(told, FILTERS) == 10
    assert told.base_at_entry == 10
    assert [alert.code for alert in told.alerts] == ["recovered"]


@pytest.mark.parametrize("last", [100, 80])
def test_nothing_is_placed_or_sold_before_what_was_sent_can_no_longer_arrive(last: int) -> None:
    shown = view(entry_order(), last=last)
    told, effect = ticked(alone(entry_order(), last=last), shown, BOOT + FREE - 1)
    assert effect is None
    _, effect = ticked(told, shown, BOOT + FREE)
    assert isinstance(effect, PlaceList if last == 100 else Close)


def test_a_position_and_its_list() -> None:
    told, effect = ticked(alone(entry_order(), oco()), view(entry_order(), oco()))
    assert (told.label, effect) == ("PROTECTED", None)
    assert [(leg.cid, leg.state) for leg in told.exits] == [(LIST, "OPEN")]
    assert told.intent.id == INTENT.id


def test_a_list_without_its_entry_gets_a_synthetic_one() -> None:
    told, _ = ticked(alone(oco(stop="EXPIRED", target_cum=4)), view(oco(stop="EXPIRED", target_cum=4), wallet=6))
    assert position(told, FILTERS) == 6
    assert [(leg.cid, leg.cum) for leg in told.entries] == [("", 10)]


def test_an_entry_that_shows_later_takes_the_place_of_the_synthetic_one() -> None:
    told, _ = ticked(alone(oco()), view(entry_order(), oco()))
    assert position(told, FILTERS) == 10
    assert len(told.entries) == 1


def test_an_order_that_arrives_later_becomes_a_leg() -> None:
    told, _ = ticked(alone(entry_order()), view(entry_order(), oco()))
    assert (told.label, told.next_gen("L")) == ("PROTECTED", 2)


def test_what_is_over_is_not_rebuilt() -> None:
    assert found(entry_order(), oco(stop="FILLED", target="EXPIRED"), wallet=0).trades == ()
    assert found(entry_order("CANCELED", 0), wallet=0).trades == ()


def test_k16_what_is_over_is_told_with_all_that_its_orders_have_sold() -> None:
    (over,) = found(entry_order(), oco(stop="FILLED", target="EXPIRED"), late_sale(), wallet=0).over
    assert (sold(over), position(over, FILTERS)) == (13, -3)
    assert found(entry_order("CANCELED", 0), wallet=0).over == ()


def late_sale(**fields: Any) -> Order:
    return order(CLOSE, "sell", "MARKET", "FILLED", 3, 3, **fields)


def test_k16_a_trade_takes_what_was_found_of_its_orders_and_keeps_what_it_knows_better() -> None:
    known = trade(BOUGHT, leg("L", "FILLED", cum=D(10), covered=D(10), fees=D(1)), leg("C", "ABSENT"), label="FLAT")
    (over,) = found(entry_order(), oco(stop="FILLED", target="EXPIRED"), wallet=0).over
    assert joined(known, over) == known
    (over,) = found(entry_order(), oco(stop="FILLED", target="EXPIRED"), late_sale(), wallet=0).over
    late = joined(known, over)
    assert [(each.kind, each.state, each.cum) for each in late.closes] == [("C", "FILLED", 3)]
    assert late.exits == known.exits
    assert late.closes[0].ex_ids == (f"x{CLOSE}",)
    assert joined(replace(known, legs=known.legs[:2]), over).closes[0].cum == 3  # the journal never heard of it


def test_what_is_claimed_foreign_or_unreadable_is_left_alone() -> None:
    told = alone(entry_order())
    assert rebuilt(view(entry_order()), "zZ9y", BOOT, [told]).trades == ()
    stranger = order("MT_what_is_this", "buy", "LIMIT", "OPEN")
    foreign = order("web_1", "sell", "LIMIT", "OPEN")
    assert found(stranger, foreign) == Rebuilt(skipped=("MT_what_is_this",))


def test_a_young_order_of_another_instance_is_a_second_daemon() -> None:
    old = entry_order("OPEN", 0)
    assert found(old, wallet=0).strangers == ()
    young = replace(old, created_at=BOOT + SETTINGS.horizon + 1)
    assert found(young, wallet=0).strangers == (young.cid,)


def test_rebuilding_twice_gives_the_same() -> None:
    assert found(entry_order(), oco()) == found(entry_order(), oco())
    assert STOP in alone(oco()).exits[0].cids


def test_k18_a_journal_older_than_a_close_learns_of_it() -> None:
    """It was restored from a copy; the close would be taken for a sale by a stranger."""
    sold = order(CLOSE, "sell", "MARKET", "FILLED", cum=10)
    after, effect = ticked(trade(BOUGHT, leg("L", "OPEN")), view(entry_order(), oco("CANCELED", "CANCELED"), sold))
    assert (position(after, FILTERS), effect) == (0, None)
    assert [each.cid for each in after.closes] == [CLOSE]
    assert after.alerts[0].code == "older than its orders"


def test_k18_a_journal_older_than_a_protection_takes_it_over_with_any_label() -> None:
    entering = trade(leg("E", "SENT"), label="ENTERING")
    after, effect = ticked(entering, view(entry_order(), oco()))
    assert (after.label, effect) == ("PROTECTED", None)

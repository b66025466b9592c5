"""The book of trades alone: what is due, what a new state does to the row of a closed trade, what others hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opentrader.actors.trading.book import TradeBook
from opentrader.domain.timeframes import DAY_MS
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import Trade
from opentrader.domain.trading.pages import Blind
from tests.domain.trading.lifecycle.given import BOUGHT, FILTERS, INTENT, NOW, SETTINGS, D, leg, oco, trade, view

KEY = INTENT.id
LIST = leg("L", "OPEN")
OPEN = trade(BOUGHT, LIST)
SOLD = trade(BOUGHT, replace(LIST, state="FILLED", cum=D(10), covered=D(10)), label="FLAT", last_send=NOW - DAY_MS)
ROW = ClosedTrade(
    id=KEY,
    symbol="BTCUSDT",
    direction="buy",
    size=D(10),
    entry_px=D(100),
    exit_px=D(120),
    pnl=D(200),
    pnl_pct=D(20),
    bot="test",
    source="trade",
    exit_reason="tp",
    opened_at=NOW // 1000 - 60,
    closed_at=NOW // 1000,
)


def named(key: str, told: Trade = OPEN, symbol: str = "BTCUSDT") -> Trade:
    return replace(told, intent=replace(INTENT, id=key, symbol=symbol))


def book(*trades: Trade) -> TradeBook:
    made = TradeBook(SETTINGS)
    made.quoted("BTCUSDT", FILTERS, D(100))
    for each in trades:
        made.resume(each)
    return made


def due(made: TradeBook, now: int) -> list[str]:
    return [each.intent.id for each in made.due("BTCUSDT", now)]


# --- when to look


def test_what_is_taken_over_is_due_at_once_and_pair_by_pair() -> None:
    made = book(named("b"), named("c", symbol="ETHUSDT"), named("a"))
    assert made.due_pairs(NOW) == ["BTCUSDT", "ETHUSDT"]
    assert due(made, NOW) == list(made.of("BTCUSDT")) == ["b", "a"]


def test_a_protected_trade_is_due_again_after_the_reconcile_and_a_bare_one_after_a_poll() -> None:
    made = book()
    made.read_at = {LIST.cid: NOW}
    made.assign(named("calm"), NOW)
    made.assign(named("bare", trade(BOUGHT)), NOW)
    assert due(made, NOW) == []
    assert due(made, NOW + SETTINGS.poll) == ["bare"]
    assert due(made, NOW + SETTINGS.listed) == ["bare", "calm"]


def test_the_most_urgent_trade_is_the_first_that_is_due() -> None:
    closing, canceled = replace(OPEN, close_reason="close"), trade(leg("E", "OPEN"), halt=True)
    made = book(named("calm"), named("bare", trade(BOUGHT)), named("canceled", canceled), named("closing", closing))
    assert due(made, NOW) == ["closing", "canceled", "bare", "calm"]


def test_a_read_of_all_open_orders_asks_only_for_trades_with_a_list() -> None:
    made = book()
    made.read_at = {LIST.cid: NOW}
    for each in (named("listed"), named("bare", trade(BOUGHT), "ETHUSDT")):
        made.assign(each, NOW)
    assert made.swept() == {"BTCUSDT"}
    assert due(made, NOW) == ["listed"]
    assert LIST.cid not in made.read_at


def test_a_view_that_shows_a_leg_answers_for_it_and_a_failed_one_is_repeated_after_a_poll() -> None:
    made = book(OPEN)
    made.learned(OPEN, view(oco()), NOW)
    assert made.read_at[LIST.cid] == NOW
    made.unread = {KEY}
    made.checked(KEY, view(oco(), fills=None), NOW)
    assert made.unread == {KEY}
    assert made.due_pairs(NOW + SETTINGS.poll) == []  # the list rests
    made.checked(KEY, view(oco()), NOW)
    assert made.unread == set()


def test_an_answer_is_unsaved_until_the_trade_is_assigned() -> None:
    made = book(OPEN)
    after = replace(OPEN, want=D(95))
    made.answered(after, [LIST.cid], NOW)
    assert (made.trades[KEY], made.committed(KEY), made.writes["BTCUSDT"]) == (after, OPEN, 1)
    assert made.assign(after, NOW) == OPEN
    assert made.committed(KEY) == after


def test_a_read_that_told_nothing_is_repeated_after_a_poll() -> None:
    made = book(OPEN)
    made.postpone(KEY, NOW)
    assert made.due_pairs(NOW + SETTINGS.poll - 1) == []
    assert made.due_pairs(NOW + SETTINGS.poll) == ["BTCUSDT"]
    made.hurry(KEY)
    assert made.due_pairs(NOW) == ["BTCUSDT"]


def test_a_closed_trade_leaves_the_book_once_it_is_booked_and_not_before() -> None:
    made = book()
    made.assign(SOLD, NOW)
    assert KEY in made.trades
    made.closed(KEY, ROW, NOW)
    assert KEY not in made.trades
    assert made.has_ended(KEY)


def test_what_is_left_of_a_closed_trade_counts_until_each_order_beside_it_has_an_outcome() -> None:
    """The wallet at the send is without it: as the user's own, it would look like a fill."""
    dust = named("dust", replace(SOLD, label="DUST").with_leg(replace(BOUGHT, cum=D("10.001"), covered=D("10.001"))))
    asked = named("asked", trade(leg("E", "UNKNOWN")))
    made = book(dust, asked)
    others = made.others(asked, FILTERS, {})
    made.closed("dust", replace(ROW, id="dust"), NOW)
    made.schedule(dust, NOW)
    assert made.others(asked, FILTERS, {}) == others
    assert others.held == D("0.001")
    made.assign(named("asked", trade(leg("E", "ABSENT"))), NOW)
    made.schedule(dust, NOW)
    assert "dust" not in made.trades


# --- rows


def test_a_start_takes_the_rows_of_today_and_of_those_that_are_watched() -> None:
    yesterday = replace(ROW, id="y", closed_at=(NOW - DAY_MS) // 1000)
    watched = replace(yesterday, id="w")
    made = book()
    made.load([OPEN], {"t": replace(ROW, id="t"), "y": yesterday, "w": watched}, ["w", "never filled"], NOW)
    assert made.rows == {"t": replace(ROW, id="t"), "w": watched, "never filled": None}
    assert made.unread == {KEY}


def test_rows_of_other_days_go_when_their_trades_are_gone() -> None:
    made = book(OPEN, named("old"))
    made.rows = {"gone": replace(ROW, closed_at=0), "old": replace(ROW, closed_at=0)}
    made.closed(KEY, None, NOW)
    assert made.rows == {"old": replace(ROW, closed_at=0), KEY: None}


def test_late_fills_take_the_row_back() -> None:
    made = book(SOLD)
    made.rows[KEY] = ROW
    assert made.stays_booked(SOLD)
    sold = replace(LIST, state="FILLED", cum=D(20), covered=D(20))
    more = trade(replace(BOUGHT, cum=D(20), covered=D(20)), sold, label="FLAT")
    assert made.assign(more, NOW) == SOLD
    assert KEY not in made.rows  # nothing is held, but the row is incomplete
    made.rows[KEY] = ROW
    made.assign(OPEN, NOW)
    assert KEY not in made.rows  # open again
    assert not made.stays_booked(OPEN)


def test_a_start_does_not_take_the_row_of_a_trade_that_is_open_again() -> None:
    """It was booked, and a late fill came before the end of the last process: it is booked again."""
    made = book()
    made.load([SOLD], {KEY: replace(ROW, pnl=D(-5))}, [], NOW)
    assert KEY not in made.rows
    assert made.pnl_today(NOW) == D(-5)  # what it has lost stays lost
    made.closed(KEY, ROW, NOW)
    assert made.pnl_today(NOW) == D(200)


def test_a_closed_trade_that_nothing_is_to_be_learned_of_is_not_waited_for() -> None:
    made = book()
    made.load([SOLD, named("open")], {}, [KEY], NOW)
    assert made.unread == {"open"}


def test_a_late_fill_of_a_closed_trade_is_stored_as_of_an_open_one() -> None:
    """Its row is incomplete; if the process dies before it is booked again, the next one has to know."""
    made = book(SOLD)
    made.rows[KEY] = ROW
    more = trade(replace(BOUGHT, cum=D(20), covered=D(20)), replace(LIST, state="FILLED", cum=D(20)), label="FLAT")
    assert not made.stays_booked(more)


def test_a_provisional_row_is_booked_again_less_and_less_often() -> None:
    made = book(SOLD)
    made.closed(KEY, replace(ROW, left_over=D(0)), NOW)
    assert due(made, NOW + SETTINGS.reconcile) == [KEY]
    later = NOW + 8 * 3_600_000
    made.schedule(SOLD, later)
    assert due(made, later + 3_500_000) == []
    assert due(made, later + 3_601_000) == [KEY]
    made.closed(KEY, replace(ROW, left_over=D(0), fees_known=True), NOW)
    assert KEY not in made.trades


def test_the_profit_of_today_begins_at_midnight() -> None:
    midnight = (NOW - NOW % DAY_MS) // 1000
    made = book()
    made.rows = {"a": replace(ROW, closed_at=midnight), "b": replace(ROW, closed_at=midnight - 1), "c": None}
    assert made.pnl_today(NOW) == D(200)


def test_a_late_fill_takes_no_loss_of_the_day_back() -> None:
    made = book(SOLD)
    made.rows[KEY] = replace(ROW, pnl=D(-7))
    made.assign(OPEN, NOW)
    assert made.pnl_today(NOW) == D(-7)


# --- markets and others


def test_what_can_be_sold_at_least_follows_the_price() -> None:
    made = TradeBook(SETTINGS)
    assert made.least(OPEN) == 0  # the rules are not known yet
    made.quoted("BTCUSDT", replace(FILTERS, min_notional=D(900)), None)
    assert made.least(OPEN) == D(10)  # without a price, at the stop of 90
    made.quoted("BTCUSDT", replace(FILTERS, min_notional=D(1000)), D(50))
    assert made.least(OPEN) == D(20)
    made.quoted("BTCUSDT", FILTERS, None)
    assert made.marks["BTCUSDT"] == D(50)  # a read without a price leaves the last one


def test_others_are_the_other_trades_of_the_same_base() -> None:
    unknown = named("u", trade(BOUGHT, leg("C", "UNKNOWN")))
    made = book(OPEN, named("o"), named("e", symbol="ETHUSDT"))
    made.quoted("ETHUSDT", replace(FILTERS, symbol="ETHUSDT", base="ETH"), D(1))
    others = made.others(OPEN, FILTERS, {})
    assert (others.held, others.locked, others.unsettled) == (D(10), D(10), False)
    made.resume(unknown)
    assert made.others(OPEN, FILTERS, {}).unsettled


def test_trades_whose_intents_are_being_committed_are_known_too() -> None:
    made = book(OPEN)
    made.planned["p"] = named("p")
    assert [each.intent.id for each in made.known()] == [KEY, "p"]


# --- what the venue tells by itself


def read_all(made: TradeBook, now: int) -> None:
    """All is read, and has to be read again when its pause is over."""
    for each in made.trades.values():
        made.read_at.update(dict.fromkeys((leg.cid for leg in each.legs), now))
        made.schedule(each, now)


RESTING = trade(leg("E", "OPEN"), label="ENTERING")


def test_what_rests_is_polled_after_an_event_until_no_read_can_be_older() -> None:
    made = book(named("a", RESTING), named("b", RESTING, "ETHUSDT"))
    read_all(made, NOW)
    made.told("BTCUSDT", NOW + 100)
    seen = list[int]()
    for now in range(NOW + 100, NOW + 9_000, 250):
        made.rouse(now)
        assert made.due_pairs(now) in ([], ["BTCUSDT"])
        if made.due_pairs(now):
            seen.append(now - NOW - 100)
            read_all(made, now)
    assert seen == [0, 1_000, 2_000, 3_000, 4_000, 5_000]
    assert SETTINGS.read_lag == 5_000


def test_a_flood_of_events_wakes_once_a_poll() -> None:
    made = book(named("a", RESTING))
    woken = 0
    for now in range(NOW, NOW + 3_000, 50):
        read_all(made, now)
        made.told("BTCUSDT", now)
        made.rouse(now)
        woken += bool(due(made, now))
    assert woken == 3


def test_a_view_that_was_asked_for_before_the_last_event_does_not_settle_it() -> None:
    made = book(named("a"))
    read_all(made, NOW)
    made.told("BTCUSDT", NOW + 100)
    made.rouse(NOW + 100)
    made.learned(made.trades["a"], view(oco(), at=NOW + 99), NOW + 7_000)
    assert due(made, NOW + 7_000) == ["a"]
    assert made.shown_at[LIST.cid] == NOW + 7_000
    made.learned(made.trades["a"], view(oco(), at=NOW + 100), NOW + 8_000)
    assert due(made, NOW + 8_000) == []


def test_an_event_hurries_nothing_that_is_polled_anyway() -> None:
    made = book(named("a", trade(leg("E", "UNKNOWN"), label="ENTERING")))
    read_all(made, NOW)
    made.told("BTCUSDT", NOW + 10)
    made.rouse(NOW + 10)
    assert due(made, NOW + 10) == []


def test_while_the_venue_tells_of_changes_what_rests_waits_for_the_sweep() -> None:
    made = book(named("a", RESTING))
    read_all(made, NOW)
    made.follow(NOW, pushed=True)
    made.rouse(NOW + SETTINGS.read_lag - 1)
    assert due(made, NOW + SETTINGS.read_lag - 1) == []
    later = NOW + SETTINGS.read_lag
    made.rouse(later)
    assert due(made, later) == ["a"]  # once: it may have changed before, which no earlier read need show
    read_all(made, later)
    made.rouse(later + SETTINGS.poll)
    assert due(made, later + SETTINGS.listed - 1) == []
    assert made.swept() == {"BTCUSDT"}
    read_all(made, later)
    made.follow(later + SETTINGS.resting, pushed=False)
    assert due(made, later + SETTINGS.resting) == ["a"]
    assert made.swept() == set()


@pytest.mark.parametrize("first", [True, False], ids=["told before", "told after"])
def test_an_event_beside_the_begin_of_the_stream_is_read_at_once_and_to_the_end(first: bool) -> None:
    made = book(named("a", RESTING))
    read_all(made, NOW)
    steps = [lambda: made.told("BTCUSDT", NOW), lambda: made.follow(NOW + 500, pushed=True)]
    for step in steps if first else steps[::-1]:
        step()
    seen = list[int]()
    for now in range(NOW + 500, NOW + 9_000, 500):
        made.rouse(now)
        if made.due_pairs(now):
            seen.append(now - NOW)
            read_all(made, now)
    assert seen == [500, 1_500, 2_500, 3_500, 4_500, 5_500]


def test_a_stream_that_is_lost_delays_nothing_that_was_hurried() -> None:
    made = book(named("a"))
    read_all(made, NOW)
    made.hurry("a")
    made.follow(NOW, pushed=False)
    assert due(made, NOW) == ["a"]


def test_what_is_to_be_read_anew_was_shown_all_the_same_until_its_trade_is_gone() -> None:
    made = book(named("a"), named("b", SOLD))
    for each in tuple(made.trades.values()):
        made.learned(each, view(oco()), NOW)
    assert made.shown_at[LIST.cid] == NOW
    made.swept()
    assert LIST.cid not in made.read_at
    assert made.shown_at[LIST.cid] == NOW
    made.closed("b", None, NOW + DAY_MS)
    assert "b" not in made.trades
    assert made.shown_at == {}


def test_a_pair_that_cannot_be_read_waits_and_is_told_since_when() -> None:
    made = book(named("a"))
    assert [each.intent.id for each in made.unreadable("BTCUSDT", "not listed", NOW)] == ["a"]
    assert due(made, NOW) == []
    made.unreadable("BTCUSDT", "still not listed", NOW + 5_000)
    assert made.blind == {"BTCUSDT": Blind("still not listed", NOW)}
    made.quoted("BTCUSDT", FILTERS, D(100))
    assert made.blind == {}

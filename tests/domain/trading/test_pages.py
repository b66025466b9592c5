"""What stands now: each page begins with its cause and ends with it, and none speaks of a quiet day."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opentrader.domain.trading.exchange import VenueState
from opentrader.domain.trading.ledger import SymbolHalt
from opentrader.domain.trading.lifecycle import Alert, Trade, drop
from opentrader.domain.trading.pages import (
    ACCOUNT_MS,
    DAEMON_PAGES,
    TRADE_PAGES,
    Blind,
    Observed,
    OperatorPage,
    compared,
    standing,
)
from opentrader.domain.trading.ports import DiskState
from tests.domain.trading.lifecycle.given import BOUGHT, ENTRY, FILTERS, INTENT, LIST, NOW, SETTINGS, leg, trade

DISK = DiskState(free=1 << 40, reserve=16 << 20, degraded=False, slow_commits=0)
X = SETTINGS.bare_limit
QUIET = Observed(
    at=NOW // 1000,
    now=NOW,
    begun=NOW - 3_600_000,
    settings=SETTINGS,
    venue=VenueState(),
    disk=DISK,
    account_at=NOW - 10_000,
)
PROTECTED = trade(BOUGHT, leg("L", "OPEN"))
WAITS = (Alert("too many orders", "page", NOW - 1),)
READ = {LIST: NOW - 10_000, ENTRY: NOW - 10_000}


def of(*trades: Trade, **known: Any) -> Observed:
    return replace(QUIET, trades=trades, **{"shown_at": READ, **known})


def codes(seen: Observed) -> list[str]:
    return [page.code for page in standing(seen)]


HALTED = {"BTCUSDT": replace(FILTERS, status="HALT")}
OF_TRADES: list[tuple[str, Trade, Trade]] = [
    ("quarantine", replace(PROTECTED, label="QUARANTINE", quar="unknown"), PROTECTED),
    ("unprotected", trade(BOUGHT, bare_at=NOW - X - 1), trade(BOUGHT, bare_at=NOW - X)),
    (
        "outcome_unknown",
        trade(leg("E", "UNKNOWN", sent_at=NOW - SETTINGS.unknown_page - 1), label="ENTERING"),
        trade(leg("E", "UNKNOWN"), label="ENTERING"),
    ),
    (
        "order_not_shown",
        trade(BOUGHT, leg("L", "OPEN", neg_at=NOW - SETTINGS.unseen_page - 1)),
        trade(BOUGHT, leg("L", "OPEN", neg_at=NOW - 1)),
    ),
    (
        "too_many_orders",
        replace(PROTECTED, sends=(NOW - 1,) * SETTINGS.budget, alerts=WAITS),
        replace(PROTECTED, sends=(NOW - SETTINGS.budget_window,) * SETTINGS.budget, alerts=WAITS),
    ),
    ("closes_fail", trade(BOUGHT, pauses=1, paused_for="REJECTED filter", label="CLOSING"), PROTECTED),
]
OF_THE_DAEMON: list[tuple[str, Observed, Observed]] = [
    ("not_sellable", of(PROTECTED, filters=HALTED), of(PROTECTED, filters={"BTCUSDT": FILTERS})),
    ("not_sellable", of(PROTECTED, filters=HALTED), of(trade(leg("E", "OPEN"), label="ENTERING"), filters=HALTED)),
    ("not_looked_at", of(PROTECTED, shown_at={LIST: NOW - SETTINGS.listed - X - 1}), of(PROTECTED)),
    ("symbol_halted", replace(QUIET, halts=(SymbolHalt("DOGEUSDT", "sold too much", 7),)), QUIET),
    (
        "symbol_unreadable",
        replace(QUIET, blind={"DOGEUSDT": Blind("not listed", NOW - X - 1)}),
        replace(QUIET, blind={"DOGEUSDT": Blind("not listed", NOW - X)}),
    ),
    (
        "account_unread",
        replace(QUIET, account_at=NOW - ACCOUNT_MS - X - 1),
        replace(QUIET, account_at=NOW - ACCOUNT_MS),
    ),
    ("account_unread", replace(QUIET, account_at=None), replace(QUIET, account_at=None, begun=NOW)),
    (
        "account_unread",
        replace(QUIET, account_at=NOW - 60 * ACCOUNT_MS - X - 1, speed=60.0),
        replace(QUIET, account_at=NOW - ACCOUNT_MS - X - 1, speed=60.0),
    ),
    ("venue_ban", replace(QUIET, venue=VenueState(pause=30.0)), QUIET),
    ("disk_full", replace(QUIET, disk=replace(DISK, reserve=0)), QUIET),
    ("disk_slow", replace(QUIET, disk=replace(DISK, degraded=True)), QUIET),
    ("clock_behind", replace(QUIET, clock="clock behind by 1:00:00"), QUIET),
    ("actor_crashes", replace(QUIET, pausing=("market_analyzer ADAUSDT", "scanner")), QUIET),
]
CASES = [*((code, of(bad), of(good)) for code, bad, good in OF_TRADES), *OF_THE_DAEMON]


@pytest.mark.parametrize(("code", "bad", "good"), CASES, ids=[code for code, _, _ in CASES])
def test_a_page_stands_with_its_cause_and_only_with_it(code: str, bad: Observed, good: Observed) -> None:
    assert codes(bad) == [code]
    assert codes(good) == []


def test_no_page_is_left_out_here() -> None:
    of_symbols = {"symbol_unreadable", "symbol_halted"}
    assert {code for code, _ in (*TRADE_PAGES, *DAEMON_PAGES)} | of_symbols == {code for code, *_ in CASES}


def test_orders_that_were_sent_page_nobody_while_none_waits_or_nothing_is_held() -> None:
    sends = (NOW - 1,) * SETTINGS.budget
    before = (Alert("too many orders", "page", NOW - 2 * SETTINGS.budget_window),)
    sold = trade(BOUGHT, leg("C", "FILLED", cum=BOUGHT.cum), label="SWEEPING", alerts=WAITS, sends=sends)
    for told in (replace(PROTECTED, sends=sends), replace(PROTECTED, sends=sends, alerts=before), sold):
        assert codes(of(told)) == []


def test_a_trade_that_has_ended_pages_nobody() -> None:
    over = trade(BOUGHT, leg("C", "ABSENT"), label="FLAT", pauses=3, sends=(NOW,) * SETTINGS.budget)
    assert codes(of(over, shown_at={})) == []


def test_a_trade_that_was_given_up_pages_nobody_until_it_buys_again() -> None:
    """Where its market cannot be read, it is never seen again."""
    stuck = trade(BOUGHT, leg("L", "OPEN"), label="QUARANTINE", quar="unknown", bare_at=1)
    gone = drop(stuck, NOW)
    assert codes(of(stuck)) != []
    assert codes(of(gone)) == []
    assert codes(of(gone.with_leg(replace(BOUGHT, cid="late")))) != []


def test_a_page_names_its_trade_and_the_cause_of_the_quarantine() -> None:
    alerts = (Alert("base is missing", "page", NOW - 5), Alert("quarantine", "page", NOW))
    (page,) = standing(of(replace(PROTECTED, label="QUARANTINE", alerts=alerts)))
    assert (page.trade, page.symbol, page.since) == (INTENT.id, INTENT.symbol, QUIET.at)
    assert "(base is missing)" in page.sentence


def test_a_sentence_stays_while_its_page_stands() -> None:
    """Nothing in it counts on: it would be a new event every second."""
    for _, bad, _ in CASES:
        later = replace(bad, at=bad.at + 1, now=bad.now + 1_000)
        assert standing(later, standing(bad)) in {standing(bad), ()}


def test_compared_tells_what_began_and_what_ended() -> None:
    one, two = (OperatorPage("venue_ban", "", "", "said", 1), OperatorPage("quarantine", "t", "BTCUSDT", "said", 2))
    assert compared((), (one, two)) == ((one, two), ())
    assert compared((one, two), (two,)) == ((), (one,))
    assert compared((one,), (replace(one, sentence="said otherwise"),)) == ((), ())


def test_a_page_keeps_its_beginning() -> None:
    banned = replace(QUIET, venue=VenueState(pause=30.0))
    first = standing(banned)
    assert standing(replace(banned, at=banned.at + 60), first)[0].since == QUIET.at
    assert standing(replace(banned, at=banned.at + 60))[0].since == QUIET.at + 60

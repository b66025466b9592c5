"""Each rule of the judge finds what it is there for, and nothing in a run that is as it should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentrader.clock import Pace
from tests.crash import judge
from tests.crash.evidence import Command, Evidence, Intent, Journal, Repeat, Row, Told
from tests.crash.ledger import Book, Fill, Order
from tests.crash.notes import Note, Request

TAIL = "AAAA0001"
ID = f"01M8K6652M0R6MPQSK{TAIL}"
COMMAND = "01M8K6652M0R6MPQSKCCCC0001"
SECOND = 60_000  # milliseconds of market time
ENTRY = f"MK_EHZE{TAIL}05K00B4TPB34N01"
BOUGHT, CLOSED, END = 10 * SECOND, 100 * SECOND, 200 * SECOND


def order(id_: int, cid: str, side: str, span: tuple[int, int | None], list_id: int = 0) -> Order:
    return Order(id_, list_id, cid, TAIL, "BTCUSDT", side, Decimal(1), *span)


def exit_cid(kind: str, gen: int = 1) -> str:
    return f"OT{kind}EHZE_{ID}{gen:02}"


def fill(id_: int, side: str, at: int, qty: str = "1", fee: str = "1") -> Fill:
    return Fill(id_, "BTC", side, Decimal(qty), Decimal(100), Decimal(fee), "USDT", at)


def book(**changed: Any) -> Book:
    """Bought, protected at once by a list, closed at market."""
    orders = [
        order(1, ENTRY, "buy", (BOUGHT, BOUGHT)),
        order(2, exit_cid("P"), "sell", (BOUGHT, CLOSED), 1),
        order(3, exit_cid("T"), "sell", (BOUGHT, CLOSED), 1),
        order(4, exit_cid("C"), "sell", (CLOSED, CLOSED)),
    ]
    return replace(Book(TAIL, orders, [fill(1, "buy", BOUGHT), fill(4, "sell", CLOSED)]), **changed)


def held(protected_at: int) -> Book:
    """Bought, protected at an instant, open still."""
    exits = [order(number, exit_cid(kind), "sell", (protected_at, None), 1) for number, kind in ((2, "P"), (3, "T"))]
    return Book(TAIL, [order(1, ENTRY, "buy", (BOUGHT, BOUGHT)), *exits], [fill(1, "buy", BOUGHT)])


def note(kind: str, at: float, body: Any, key: str = "", status: int = 200) -> Note:
    request = Request(0, kind, "POST", f"/api/{kind}", key or f"key-{at}", body={"symbol": "BTCUSDT"})
    return Note(0, request, at, at + 0.1, status, body)


OPENED = note("buy", 1, {"trade": {"id": ID, "symbol": "BTCUSDT"}}, "opens")
CLOSES = note("closeall", 5, {"ok": True, "closed": [{"id": ID}], "intent_id": COMMAND}, "closes")
HALTED = note("halt", 6, {})
POSTED = note("signal", 7, {"signal": {"symbol": "ETHUSDT", "created_at": 50}})
CANCELED = note("cancel", 8, {"entry": {"id": ID}})
MOVED = note(
    "levels", 9, {"status": "moved", "intent_id": COMMAND, "trade": {"id": ID, "sl_px": 95.0, "tp_px": 110.0}}, "moves"
)
MOVED = replace(MOVED, request=replace(MOVED.request, path=f"/api/trades/{ID}/levels?sl_px=95"))
PLACED = note("manual", 1, {"entry": {"id": ID}})
TAKES_BACK = Note(
    0,
    Request(0, "closeall", "POST", "/api/closeall?cancel_pending=true", "takes"),
    9,
    9.1,
    200,
    {"ok": True, "closed": [], "intent_id": COMMAND, "cancelled_entries": [{"id": ID}]},
)
JOURNAL = Journal(
    Pace(0, 0.0, 60.0),
    {ID: Intent(ID, "opens", ended=True)},
    (Command(COMMAND, "closeall", "closes", frozenset({ID})),),
    {ID: Row(ID, Decimal(-2), known=True)},
    frozenset({ID}),
)
SOUND = Evidence(
    (OPENED, CLOSES, HALTED, POSTED),
    {TAIL: book()},
    JOURNAL,
    Told(signals={"ETHUSDT": 50}, halted=True),
    (Repeat(OPENED, 200, OPENED.body, replayed=True),),
    (),
    END,
)
FELL_BACK = Told(trades=({"id": ID, "symbol": "BTCUSDT", "state": "protected", "sl_px": 94.0, "tp_px": 110.0},))
OPEN = Told(trades=({"id": ID, "symbol": "BTCUSDT", "state": "protected"},), signals={"ETHUSDT": 50}, halted=True)


def test_nothing_is_found_in_a_sound_run() -> None:
    assert judge.violations_at_the_end(SOUND) == []


BROKEN: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (judge.every_answer_is_found_again, {"repeats": (Repeat(OPENED, 200, OPENED.body, replayed=False),)}),
    (judge.every_answer_is_found_again, {"repeats": (Repeat(OPENED, 200, {"trade": {"id": "X"}}, replayed=True),)}),
    (judge.every_answer_is_found_again, {"repeats": (Repeat(OPENED, 500, OPENED.body, replayed=True),)}),
    (judge.every_answer_is_journaled, {"journal": replace(JOURNAL, intents={})}),
    (judge.every_answer_is_journaled, {"journal": replace(JOURNAL, commands=())}),
    (judge.every_answer_is_journaled, {"journal": replace(JOURNAL, history={})}),
    (judge.what_is_closed_stays_closed, {"told": OPEN}),
    (judge.a_closeall_leaves_nothing, {"told": OPEN}),
    (judge.a_closeall_leaves_nothing, {"books": {TAIL: held(BOUGHT)}}),
    (
        judge.a_closeall_leaves_nothing,
        {"notes": (PLACED, TAKES_BACK), "told": Told(pending=({"id": ID},))},
    ),
    (judge.a_canceled_entry_is_gone, {"notes": (CANCELED,), "told": Told(pending=({"id": ID},))}),
    (judge.a_canceled_entry_is_gone, {"notes": (TAKES_BACK,), "told": Told(pending=({"id": ID},))}),
    (judge.a_halt_holds, {"told": replace(SOUND.told, halted=False)}),
    (judge.moved_levels_hold, {"notes": (OPENED, MOVED), "told": FELL_BACK}),
    (judge.a_signal_is_kept, {"told": replace(SOUND.told, signals={"ETHUSDT": 49})}),
    (judge.a_signal_is_kept, {"told": replace(SOUND.told, signals={})}),
    (
        judge.an_intent_has_one_entry,
        {"books": {TAIL: book(orders=[*book().orders, order(5, ENTRY[:-1] + "2", "buy", (CLOSED, CLOSED))])}},
    ),
    (judge.an_intent_has_one_entry, {"journal": replace(JOURNAL, intents={})}),
    (
        judge.a_key_acts_once,
        {"journal": replace(JOURNAL, commands=(*JOURNAL.commands, Command("C2", "close", "closes", frozenset())))},
    ),
    (judge.nothing_is_closed_unasked, {"journal": replace(JOURNAL, commands=())}),
    (judge.nothing_is_dropped, {"journal": replace(JOURNAL, commands=(Command("C2", "drop", "", frozenset({ID})),))}),
    (judge.nothing_is_sold_that_was_not_bought, {"books": {TAIL: book(fills=[fill(4, "sell", CLOSED)])}}),
    (judge.nothing_is_bare, {"books": {TAIL: held(BOUGHT + 23 * SECOND)}}),
    (judge.nothing_is_bare, {"books": {TAIL: book(orders=book().orders[:1])}}),
    (judge.the_daemon_has_no_fault, {"faults": ("KeyError: 1",)}),
    (
        judge.the_daemon_has_no_fault,
        {"told": Told(trades=({"id": ID, "symbol": "BTCUSDT", "state": "quarantine"},))},
    ),
    (judge.nothing_is_left, {"books": {TAIL: held(BOUGHT)}}),
    (judge.nothing_is_left, {"journal": replace(JOURNAL, intents={ID: Intent(ID, "opens", ended=False)})}),
    (judge.the_books_agree, {"journal": replace(JOURNAL, history={})}),
    (judge.the_books_agree, {"books": {TAIL: book(fills=[fill(1, "buy", BOUGHT), fill(4, "sell", CLOSED, fee="2")])}}),
]


@pytest.mark.parametrize(("rule", "changes"), BROKEN, ids=lambda given: getattr(given, "__name__", ""))
def test_each_rule_finds_what_breaks_it(rule: Callable[[Evidence], Any], changes: dict[str, Any]) -> None:
    assert list(rule(replace(SOUND, **changes))) != []


def test_every_rule_has_such_a_case() -> None:
    assert {rule for rule, _ in BROKEN} == {*judge.ALWAYS, *judge.AT_THE_END}


def test_the_time_without_a_daemon_is_not_its_own() -> None:
    late = {TAIL: held(BOUGHT + 30 * SECOND)}
    down = (BOUGHT + SECOND, BOUGHT + 21 * SECOND)
    assert judge.bare(replace(SOUND, books=late)) == {TAIL: 30.0}
    assert judge.bare(replace(SOUND, books=late, downs=(down,))) == {TAIL: 10.0}


def test_a_trade_bought_after_a_closeall_is_not_its_own() -> None:
    later = replace(OPENED, sent_at=6.0, ended_at=6.1)
    assert list(judge.a_closeall_leaves_nothing(replace(SOUND, notes=(CLOSES, later), told=OPEN))) == []


def test_a_halt_that_another_request_overlapped_proves_nothing() -> None:
    cut_off = replace(note("resume", 5.5, None, status=0), ended_at=6.05)
    running = replace(SOUND, notes=(cut_off, HALTED), told=replace(SOUND.told, halted=False))
    assert list(judge.a_halt_holds(running)) == []


def test_levels_that_may_have_been_moved_again_prove_nothing() -> None:
    cut_off = replace(MOVED, request=replace(MOVED.request, key="later"), sent_at=10.0, ended_at=10.1, status=0)
    assert list(judge.moved_levels_hold(replace(SOUND, notes=(MOVED, cut_off), told=FELL_BACK))) == []

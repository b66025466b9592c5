"""Trades are kept whole, with an event each time, and come back equal."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from dataclasses import MISSING, fields, is_dataclass, replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, Literal, cast, get_args, get_origin, get_type_hints

import apsw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.trading.ledger import AuditEntry, KeyTaken, Reservation
from opentrader.domain.trading.lifecycle.records import Alert, Intent, Leg, Trade
from opentrader.domain.trading.ports import Change
from opentrader.domain.trading.venue import Fill, Refused
from opentrader.errors import InternalError, StorageError, StorageFailed
from opentrader.store import Connection, Store
from opentrader.store.sqlite import schema
from opentrader.store.sqlite.codec import plain
from opentrader.store.tables import audit, events, idempotency, journal
from opentrader.store.tables.audit import AuditTable
from opentrader.store.tables.history import HistoryTable
from opentrader.store.tables.idempotency import IdempotencyTable
from opentrader.store.tables.journal import JournalTable
from opentrader.store.verification import examine, verify_audit
from tests.store.given import CLOSED


def any_value(kind: Any) -> st.SearchStrategy[Any]:
    """Any value of a field's type, so that a new field of the records is drawn, stored and compared as well."""
    origin, arguments = get_origin(kind), get_args(kind)
    if is_dataclass(kind):
        hints = get_type_hints(kind)
        parts = {field.name: any_value(hints[field.name]) for field in fields(kind)}
        return st.builds(cast("type[Any]", kind), **parts)
    if origin is tuple:
        return st.lists(any_value(arguments[0]), max_size=4).map(tuple)
    if origin is Literal:
        return st.sampled_from(arguments)
    return {
        Decimal: st.decimals(allow_nan=False, allow_infinity=False),
        int: st.integers(-(2**63), 2**63 - 1),
        bool: st.booleans(),
        str: st.text(max_size=12),
    }[kind]


def with_distinct_ids(trade: Trade) -> Trade:
    """Client ids are distinct in life; here they are made so."""
    return replace(trade, legs=tuple(replace(leg, cid=f"{number} {leg.cid}") for number, leg in enumerate(trade.legs)))


TRADES = any_value(Trade).map(with_distinct_ids)


def empty_store() -> Connection:
    connection = apsw.Connection(":memory:")
    connection.pragma("foreign_keys", 1)
    schema.migrate(connection, schema.migrations())
    return connection


def other_than_default(kind: Any, default: object) -> object:
    if is_dataclass(kind):
        return filled(kind)
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is tuple:
        return (other_than_default(arguments[0], MISSING),) * 2
    if origin is Literal:
        return next(value for value in arguments if value != default)
    value = {Decimal: Decimal("7.70"), int: 77, bool: True, str: "77"}[kind]
    return (not default) if kind is bool else value


def filled(kind: Any) -> Any:
    """A record no field of which has its default."""
    hints = get_type_hints(kind)
    return kind(**{field.name: other_than_default(hints[field.name], field.default) for field in fields(kind)})


# --- what goes in comes out ----------------------------------------------------------------------------------------


@given(TRADES)
def test_a_trade_comes_back_equal(trade: Trade) -> None:
    connection = empty_store()
    journal.save(connection, trade, "saved", 1)
    back = journal.trade(connection, trade.intent.id)
    assert back == trade
    assert repr(back) == repr(trade)  # 1.0 and 1.00 are equal, and not the same


@given(st.lists(TRADES, min_size=2, max_size=4))
def test_the_last_state_counts_and_the_events_tell_the_way_there(states: list[Trade]) -> None:
    connection, told = empty_store(), dict[str, Any]()
    states = [replace(state, intent=states[0].intent) for state in states]
    for number, state in enumerate(states, 1):
        journal.save(connection, state, "saved", number)
        (event,) = events.since(connection, number - 1)
        told |= event.body["changed"]
        assert journal.trade(connection, state.intent.id) == state
        assert unflattened(told) == plain(state)
    assert examine(Path("no archive"), connection).faults == ()


def unflattened(told: dict[str, Any]) -> dict[str, Any]:
    """The document whose fields have these paths."""
    inner = {path.split(".")[0] for path in told if "." in path}
    document = {path: value for path, value in told.items() if "." not in path and path not in inner}
    intent = {path.removeprefix("intent."): value for path, value in told.items() if path.startswith("intent.")}
    legs: list[dict[str, Any]] = [{} for _ in range(told["legs"])]
    for path, value in told.items():
        if path.startswith("legs.") and int(path.split(".")[1]) < len(legs):
            legs[int(path.split(".")[1])][path.split(".")[2]] = value
    return {**document, "intent": intent, "legs": legs}


@pytest.mark.parametrize("kind", [Intent, Leg, Alert, Trade])
def test_no_field_of_a_record_is_forgotten(kind: Any) -> None:
    """Whatever a record is given beyond its defaults is what comes back: a field that is not kept would differ."""
    trade = filled(Trade)
    records = {Intent: trade.intent, Leg: trade.legs[0], Alert: trade.alerts[0], Trade: trade}
    assert not any(getattr(records[kind], field.name) == field.default for field in fields(kind))
    connection = empty_store()
    journal.save(connection, trade, "saved", 1)
    assert journal.trade(connection, trade.intent.id) == trade
    stored = next(events.since(connection, 0)).body["changed"]
    prefix = {Intent: "intent.", Leg: "legs.0.", Alert: "alerts", Trade: ""}[kind]
    if kind is Alert:
        assert stored["alerts"][0].keys() == {field.name for field in fields(kind)}
    else:
        assert {f"{prefix}{field.name}" for field in fields(kind)} - {"intent"} <= stored.keys()


# --- open, finished, opened again ----------------------------------------------------------------------------------


async def test_open_trades_are_loaded_and_those_that_ended_lately(store: Store, entering: Callable[..., Trade]) -> None:
    book = JournalTable(store)
    trades = [entering(f"T{number}") for number in range(1, 5)]
    for trade in trades:
        await book.save(trade, "entry.sent", 100)
    await book.finish(trades[1], None, "flat", 200)
    await book.finish(trades[3], CLOSED, "flat", 300)
    assert book.load(ended_since_ms=300) == [trades[0], trades[2], trades[3]]
    assert book.load(ended_since_ms=301) == [trades[0], trades[2]]
    assert book.trade("T2") == trades[1]
    assert book.trade("T9") is None


async def test_a_finished_trade_has_its_row_in_the_same_commit(
    store: Store, entering: Callable[..., Trade], data_dir: Path
) -> None:
    book = JournalTable(store)
    await book.save(entering("T1"), "entry.sent", 100)
    commits = await count_commits(store)
    await book.finish(replace(entering("T1"), label="FLAT"), CLOSED, "flat", 200)
    assert len(commits) == 1
    assert HistoryTable(store).page(10, 0) == [CLOSED]
    last = store.read(lambda connection: list(events.since(connection, 1)))[-1]
    assert (last.type, last.ts_ms, last.body["closed"]["pnl"]) == ("flat", 200, "287.65")
    assert last.body["changed"] == {"label": "FLAT"}
    report = verify_audit(data_dir)
    assert report is not None
    assert (report.faults, report.events) == ((), 2)


async def test_a_late_order_opens_it_again_and_the_row_is_replaced(
    store: Store, entering: Callable[..., Trade]
) -> None:
    book, trade = JournalTable(store), entering("T1")
    await book.save(trade, "entry.sent", 100)
    await book.finish(trade, CLOSED, "flat", 200)
    await book.save(replace(trade, label="SWEEPING"), "late", 300)
    assert [kept.label for kept in book.load(ended_since_ms=9_999)] == ["SWEEPING"]
    again = replace(CLOSED, pnl=Decimal("-1.00"))
    await book.finish(trade, again, "flat", 400)
    assert book.load(ended_since_ms=401) == []
    assert HistoryTable(store).page(10, 0) == [again]


async def test_all_of_it_survives_a_restart(data_dir: Path, entering: Callable[..., Trade]) -> None:
    first = Store.open(data_dir)
    await JournalTable(first).save(entering("T1"), "entry.sent", 100)
    first.close()
    second = Store.open(data_dir)
    assert JournalTable(second).load(0) == [entering("T1")]
    second.close()


# --- whose order it is ---------------------------------------------------------------------------------------------


async def test_client_ids_are_known_for_ever(store: Store, entering: Callable[..., Trade]) -> None:
    book, trade = JournalTable(store), entering("T1")
    orders = replace(trade.legs[0], cid="OTL", kind="L", stop_cid="OTP", target_cid="OTT")
    synthetic = replace(trade.legs[0], cid="")
    await book.save(replace(trade, legs=(*trade.legs, orders, synthetic)), "a", 1)
    await book.finish(trade, None, "b", 2)  # the leg itself is gone from the record
    known = {"MT_T1": "T1", "OTL": "T1", "OTP": "T1", "OTT": "T1"}
    assert book.owners([*known, "MT_other", ""]) == known
    assert book.owners([]) == {}


async def test_an_order_of_another_trade_is_refused_and_nothing_is_kept(
    store: Store, entering: Callable[..., Trade]
) -> None:
    book = JournalTable(store)
    await book.save(entering("T1"), "a", 1)
    thief = replace(entering("T2"), legs=entering("T1").legs)
    with pytest.raises(apsw.ConstraintError):
        await book.save(thief, "b", 2)
    assert (book.trade("T2"), store.read(events.head).seq) == (None, 1)


# --- what may not change, and what may -----------------------------------------------------------------------------


async def test_an_intent_is_immutable(store: Store, entering: Callable[..., Trade]) -> None:
    book, trade = JournalTable(store), entering("T1")
    await book.save(trade, "a", 1)
    wrong = replace(trade, intent=replace(trade.intent, qty=Decimal(9)), sl=Decimal(1))
    with pytest.raises(InternalError, match="immutable: qty of T1"):
        await book.save(wrong, "b", 2)
    assert (book.trade("T1"), store.read(events.head).seq) == (trade, 1)


async def test_a_record_from_before_a_field_existed_is_read_and_kept(
    store: Store, entering: Callable[..., Trade], data_dir: Path
) -> None:
    book, trade = JournalTable(store), entering("T1")
    await book.save(trade, "a", 1)

    def forget(connection: Connection) -> None:
        connection.execute("UPDATE intents SET body = json_remove(body, '$.agent')")
        connection.execute("UPDATE legs SET body = json_remove(body, '$.flag')")

    await store.write(forget)
    assert book.trade("T1") == trade
    await book.save(replace(trade, sl=Decimal(59500)), "b", 2)
    assert book.trade("T1") == replace(trade, sl=Decimal(59500))
    report = verify_audit(data_dir)
    assert report is not None
    assert report.faults == ()


# --- one commit, all of it or nothing ------------------------------------------------------------------------------


async def count_commits(store: Store) -> list[str]:
    commits: list[str] = []

    def hook() -> bool:
        commits.append(threading.current_thread().name)
        return False  # the commit goes on

    await store.write(lambda connection: connection.set_commit_hook(hook))
    commits.clear()  # that write's own
    return commits


async def test_what_rides_along_is_in_the_same_commit(store: Store, entering: Callable[..., Trade]) -> None:
    book, keys, log = JournalTable(store), IdempotencyTable(store), AuditTable(store)
    request = Reservation("k", "POST", "/api/trade", "f", 50, "T1")
    entry = AuditEntry(60, "ops", "trade", "BTCUSDT", "ok", 200, "r", {})
    commits = await count_commits(store)
    await book.save(entering("T1"), "sent", 1, also=[keys.reserving(request)])
    await book.save(replace(entering("T1"), label="PROTECTING"), "folded", 2)
    done: list[Change] = [keys.finishing("k", 200, b"{}"), partial(audit.append, entry=entry)]
    await book.save(replace(entering("T1"), label="PROTECTED"), "protected", 3, also=done)
    assert len(commits) == 3
    found = store.read(partial(idempotency.lookup, key="k", at=60))
    assert found is not None
    assert (found.state, log.page(1, 0)[1]) == ("done", 1)


async def test_when_a_rider_is_refused_nothing_is_kept(store: Store, entering: Callable[..., Trade]) -> None:
    book, keys = JournalTable(store), IdempotencyTable(store)
    request = Reservation("k", "POST", "/api/trade", "f", 50, "T1")
    await keys.reserve(request)
    with pytest.raises(KeyTaken) as refusal:
        await book.save(entering("T2"), "sent", 1, also=[keys.reserving(replace(request, intent_id="T2"))])
    assert refusal.value.found.reservation == request
    assert (book.load(0), store.read(events.head).seq) == ([], 0)


async def test_facts_may_be_values_of_the_domain(store: Store, entering: Callable[..., Trade]) -> None:
    facts = {"outcome": Refused("price", -2010, "would trigger"), "last": Decimal("1.10")}
    await JournalTable(store).save(entering("T1"), "refused", 1, facts=facts)
    (event,) = store.read(lambda connection: list(events.since(connection, 0)))
    assert event.body["facts"]["outcome"]["code"] == -2010
    assert event.body["facts"]["last"] == "1.10"


async def test_on_a_full_disk_there_is_no_half_trade(
    store: Store, entering: Callable[..., Trade], data_dir: Path
) -> None:
    book, trade = JournalTable(store), entering("T1")
    await book.save(trade, "sent", 1)
    pages = await store.write(lambda connection: connection.pragma("page_count"))
    await store.write(lambda connection: connection.pragma("max_page_count", pages + 1))
    fatal = replace(trade, alerts=tuple(Alert(f"{number:0500}", "note", 1) for number in range(40)))
    with pytest.raises(StorageError, match="full"):
        await book.finish(fatal, CLOSED, "flat", 2)
    assert (book.load(0), HistoryTable(store).total(), store.read(events.head).seq) == ([trade], 0, 1)
    await store.write(lambda connection: connection.pragma("max_page_count", pages + 1_000), vital=True)
    await book.finish(fatal, CLOSED, "flat", 3)
    report = verify_audit(data_dir)
    assert report is not None
    assert (report.faults, report.events, book.trade("T1")) == ((), 2, fatal)


async def test_a_failed_commit_keeps_neither_event_nor_trade(
    store: Store, data_dir: Path, entering: Callable[..., Trade], busy_writer: Any, no_writing: Any
) -> None:
    book = JournalTable(store)
    await book.save(entering("T1"), "sent", 1)
    with no_writing():
        async with busy_writer():
            saves = [asyncio.create_task(book.save(entering(f"T{number}"), "sent", 1)) for number in (2, 3)]
        failures = await asyncio.gather(*saves, return_exceptions=True)
    assert [type(failure) for failure in failures] == [StorageFailed] * 2
    assert (book.load(0), store.read(events.head).seq) == ([entering("T1")], 1)
    store.close()
    reopened = Store.open(data_dir)
    await JournalTable(reopened).save(entering("T4"), "sent", 1)
    assert reopened.read(events.verify) is None
    assert reopened.read(events.head).seq == 2
    reopened.close()


FILL = Fill("71", "5", "buy", Decimal("0.04"), Decimal("60000.10"), Decimal("0.00004"), "BTC", 1_700_000_001_000)


async def test_a_fill_is_kept_once_with_the_event_that_told_of_it(
    store: Store, data_dir: Path, entering: Callable[..., Trade]
) -> None:
    book, trade, rest = JournalTable(store), entering("T1"), replace(FILL, trade_id="70", at=FILL.at + 1)
    await book.save(trade, "entering", 1, fills=[FILL])
    await book.save(entering("T2"), "entering", 1, fills=[FILL])  # the same number, of another market
    await book.finish(replace(trade, label="FLAT"), None, "closed", 2, fills=[rest, FILL])
    assert book.fills("T1") == [FILL, rest]
    assert book.fills("T2") == [FILL]
    told = [event.body.get("fills") for event in store.read(lambda c: list(events.since(c, 0)))]
    assert told == [[plain(FILL)], [plain(FILL)], [plain(rest)]]
    store.close()
    reopened = Store.open(data_dir)
    assert JournalTable(reopened).fills("T1") == [FILL, rest]
    reopened.close()


async def test_the_rate_of_a_fee_may_come_later_and_nothing_else_of_a_fill_changes(
    store: Store, data_dir: Path, entering: Callable[..., Trade]
) -> None:
    book, trade, in_bnb = JournalTable(store), entering("T1"), replace(FILL, fee_asset="BNB")
    rated = replace(in_bnb, rate=Decimal("600.10"))
    await book.save(trade, "entering", 1, fills=[in_bnb])
    await book.save(trade, "entering", 2, fills=[rated])
    assert book.fills("T1") == [rated]
    await book.save(trade, "entering", 3, fills=[in_bnb, replace(rated, rate=Decimal(1))])
    assert book.fills("T1") == [rated]
    report = verify_audit(data_dir)
    assert report is not None
    assert report.faults == ()


async def test_a_start_takes_the_trades_that_were_booked_provisionally_however_old(
    store: Store, entering: Callable[..., Trade]
) -> None:
    book = JournalTable(store)
    rows = {
        "T1": replace(CLOSED, id="T1", left_over=Decimal(0)),
        "T2": replace(CLOSED, id="T2", left_over=Decimal(0), fees_known=True),
        "T3": replace(CLOSED, id="T3"),  # as an earlier version has booked it
    }
    for key, row in rows.items():
        await book.save(entering(key), "entering", 1)
        await book.finish(entering(key), row, "closed", 2)
    assert [trade.intent.id for trade in book.load(3)] == ["T1"]
    assert book.ended(3) == {"T1"}
    await book.save(entering("T1"), "entering", 4)  # open again
    assert book.ended(3) == set()


@pytest.mark.parametrize("sql", ["UPDATE fills SET body = json_set(body, '$.px', '1')", "DELETE FROM fills"])
async def test_a_fill_that_differs_from_its_event_or_is_gone_is_found(
    store: Store, data_dir: Path, entering: Callable[..., Trade], sql: str
) -> None:
    await JournalTable(store).save(entering("T1"), "entering", 1, fills=[FILL])
    await store.write(lambda c: list(c.execute(sql)))
    report = verify_audit(data_dir)
    assert report is not None
    assert report.strayed == ("T1",)

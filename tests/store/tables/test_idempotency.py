"""A key stands for one request and, for a day, for its answer."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest

from opentrader.domain.trading.ledger import IDEMPOTENCY_SECONDS, KeyTaken, Remembered, Reservation, fingerprint
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.store import Store
from opentrader.store.tables import idempotency
from opentrader.store.tables.idempotency import IdempotencyTable
from opentrader.store.tables.journal import JournalTable

AT = 1_700_000_000
REQUEST = Reservation("key-1", "POST", "/api/trade", fingerprint("POST", "/api/trade", {"symbol": "BTC"}), AT, "T1")
LATER = AT + IDEMPOTENCY_SECONDS


def lookup(store: Store, key: str, at: int) -> Remembered | None:
    return store.read(partial(idempotency.lookup, key=key, at=at))


async def test_the_answer_is_kept_byte_for_byte(store: Store) -> None:
    keys, body = IdempotencyTable(store), b'{"ok":true,\xc3\xa9\x00}'
    await keys.reserve(REQUEST)
    assert lookup(store, "key-1", AT) == Remembered(REQUEST)
    await keys.finish("key-1", 201, body)
    assert lookup(store, "key-1", AT + 5) == Remembered(REQUEST, "done", 201, body)
    assert lookup(store, "key-2", AT) is None


async def test_an_answer_that_is_stored_is_not_forgotten(store: Store) -> None:
    keys = IdempotencyTable(store)
    await keys.reserve(REQUEST)
    await keys.finish("key-1", 200, b"ok")
    await keys.forget("key-1")
    assert lookup(store, "key-1", AT) == Remembered(REQUEST, "done", 200, b"ok")


async def test_a_key_in_use_is_refused_with_what_it_stands_for(store: Store) -> None:
    keys, other = IdempotencyTable(store), replace(REQUEST, path="/api/close", fingerprint="other")
    await keys.reserve(REQUEST)
    with pytest.raises(KeyTaken) as running:
        await keys.reserve(other)
    assert running.value.found == Remembered(REQUEST)
    await keys.finish("key-1", 409, b"no")
    with pytest.raises(KeyTaken) as done:
        await keys.reserve(other)
    assert done.value.found == Remembered(REQUEST, "done", 409, b"no")


async def test_of_many_at_once_one_gets_the_key(store: Store) -> None:
    keys = IdempotencyTable(store)
    outcomes = await asyncio.gather(
        *(keys.reserve(replace(REQUEST, intent_id=f"T{number}")) for number in range(50)), return_exceptions=True
    )
    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["KeyTaken"] * 49 + ["NoneType"]
    assert lookup(store, "key-1", AT) is not None


async def test_a_forgotten_key_is_free(store: Store) -> None:
    keys, unbound = IdempotencyTable(store), replace(REQUEST, intent_id="")
    await keys.reserve(unbound)
    await keys.forget("key-1")
    await keys.reserve(replace(unbound, fingerprint="other"))
    assert lookup(store, "key-1", AT) == Remembered(replace(unbound, fingerprint="other"))


async def test_a_key_that_is_bound_is_not_forgotten_but_can_be_released(store: Store) -> None:
    keys = IdempotencyTable(store)
    await keys.reserve(REQUEST)
    await keys.forget("key-1")
    assert await keys.begun("key-1") == "T1"
    await keys.release("key-1", "T0")
    assert await keys.begun("key-1") == "T1"
    await keys.release("key-1", "T1")
    assert lookup(store, "key-1", AT) == Remembered(replace(REQUEST, intent_id=""))
    assert await keys.begun("key-2") == ""


async def test_a_day_later_the_key_is_free_whether_swept_or_not(store: Store) -> None:
    keys = IdempotencyTable(store)
    await keys.reserve(REQUEST)
    await keys.finish("key-1", 200, b"{}")
    assert lookup(store, "key-1", LATER - 1) is not None
    assert lookup(store, "key-1", LATER) is None
    await keys.reserve(replace(REQUEST, created_at=LATER))
    assert lookup(store, "key-1", LATER) == Remembered(replace(REQUEST, created_at=LATER))


async def test_expiry_drops_what_is_old_and_nothing_else(store: Store) -> None:
    keys = IdempotencyTable(store)
    for key, at in (("old", AT), ("young", AT + 1)):
        await keys.reserve(replace(REQUEST, key=key, created_at=at))
        await keys.finish(key, 200, b"")
    assert await keys.expire(LATER) == 1
    assert (lookup(store, "old", AT), lookup(store, "young", AT) is None) == (None, False)


async def test_what_a_dead_process_left_running_stays_tied_to_its_trade(
    data_dir: Path, entering: Callable[..., Trade]
) -> None:
    first = Store.open(data_dir)
    await JournalTable(first).save(entering("T1"), "sent", 1, also=[IdempotencyTable(first).reserving(REQUEST)])
    first.close()
    second = Store.open(data_dir)
    keys, journal = IdempotencyTable(second), JournalTable(second)
    assert lookup(second, "key-1", AT) == Remembered(REQUEST)
    assert await keys.expire(10 * LATER) == 0  # its trade is open: it may come to an answer yet
    assert lookup(second, "key-1", 10 * LATER) == Remembered(REQUEST)
    await journal.finish(entering("T1"), None, "flat", 2)
    assert await keys.expire(10 * LATER) == 1
    second.close()


async def test_a_running_request_without_a_trade_expires(store: Store) -> None:
    keys = IdempotencyTable(store)
    await keys.reserve(replace(REQUEST, path="/api/closeall", intent_id=""))
    assert await keys.expire(LATER) == 1


def test_the_fingerprint_is_of_the_request_not_of_its_spelling() -> None:
    one = fingerprint("POST", "/api/trade", {"symbol": "BTC", "sl": 2.0})
    assert one == fingerprint("POST", "/api/trade", {"sl": 2.0, "symbol": "BTC"})
    others = (
        ("PUT", "/api/trade", {"symbol": "BTC", "sl": 2.0}),
        ("POST", "/api/close", {"symbol": "BTC", "sl": 2.0}),
        ("POST", "/api/trade", {"symbol": "BTC", "sl": 2.5}),
        ("POST", "/api/trade", {"symbol": "BTC"}),
        ("POST", "/api/trade", {"symbol": "BTC\ud800", "sl": 2.0}),
    )
    assert len({one, *(fingerprint(*other) for other in others)}) == 6

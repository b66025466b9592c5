"""The port over single calls: one view of many reads, deadlines, shared reads, the rules from memory, the pause."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentrader.domain.trading.exchange import NewOrder, ReadRefused, StreamAlive, Unreachable
from opentrader.domain.trading.looks import PARTS, Watch, everything
from opentrader.domain.trading.venue import Balance, Order, OrderList, Refused, Unknown
from opentrader.errors import SymbolNotFound
from opentrader.exchange import connection
from opentrader.exchange.calls import WEIGHTS
from opentrader.exchange.connection import VenueConnection
from opentrader.exchange.governor import Governor
from opentrader.exchange.paper.transport import READS, InjectedFault, Script
from opentrader.exchange.paper.wire import Wire, WireTerms
from tests.waiting import until

D = Decimal
BTC = "BTCUSDT"
MANY_READS = ("open_orders", "orders", "fills", "balances", "ticker")


def connected(scene: Any, limit: int = 0) -> VenueConnection:
    return VenueConnection(scene.exchange, scene.clock, governor=Governor(limit, asyncio.get_running_loop().time))


def counted(scene: Any, monkeypatch: pytest.MonkeyPatch, *methods: str) -> list[str]:
    """The calls of these methods, as they are made."""
    calls = list[str]()
    for method in methods:
        monkeypatch.setattr(scene.exchange, method, _counting(calls, method, getattr(scene.exchange, method)))
    return calls


def _counting(calls: list[str], name: str, method: Any) -> Any:
    async def call(*given: Any) -> Any:
        calls.append(name)
        return await method(*given)

    return call


def limit(scene: Any, cid: str = "e", px: int = 90) -> NewOrder:
    return NewOrder(cid, BTC, "buy", "LIMIT", D(1), scene.clock.now_ms, D(px))


# --- one view


async def test_one_view(scene: Any) -> None:
    await scene.place("buy", "MARKET", 1, cid="e")
    await scene.protect(2, 95, 110, cid="l")
    await scene.place("sell", "LIMIT", 1, 120, cid="web_1")
    watch = replace(everything(BTC, 0), orders=("e", "gone"), lists=("l", "never"))
    view = await connected(scene).look(watch)
    assert view.complete
    assert (view.last, view.at, view.balance) == (100, scene.clock.now_ms, Balance(D(8), D(3)))
    assert {cid: type(one) for cid, one in view.found.items()} == {"e": Order, "l": OrderList}
    assert view.missing == {"gone", "never"}
    assert len(view.open_orders or ()) == 3
    assert len(view.history or ()) == 4
    assert [fill.order_ex_id for fill in view.fills or ()] == [view.found["e"].ex_id]


async def test_nothing_is_read_that_was_not_asked_for(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(scene, monkeypatch, *MANY_READS)
    view = await connected(scene).look(Watch(BTC, parts=frozenset({"price"})))
    assert calls == ["ticker"]
    assert all(view.lacks(part) for part in PARTS - {"price"})
    assert view.complete


async def test_a_coin_never_held_is_a_balance_of_nothing(opening: Any) -> None:
    view = await connected(await opening(balance="USDT=100")).look(everything(BTC, 0))
    assert view.balance == Balance(D(0), D(0))


@pytest.mark.parametrize(
    ("method", "part"),
    list(zip(MANY_READS, ("open_orders", "history", "fills", "balance", "price"), strict=True)),
)
async def test_each_part_fails_for_itself(opening: Any, method: str, part: Any) -> None:
    scene = await opening(faults=Script([InjectedFault("lost", method)]))
    link = connected(scene)
    for failed in ({part}, set()):
        view = await link.look(everything(BTC, 0))
        assert view.failed == failed
        assert {each for each in PARTS if view.lacks(each)} == failed


@pytest.mark.parametrize(("method", "cid"), [("order", "e"), ("order_list", "l")])
async def test_a_look_up_that_fails_is_neither_found_nor_missing(opening: Any, method: str, cid: str) -> None:
    scene = await opening(faults=Script([InjectedFault("lost", method)]))
    view = await connected(scene).look(Watch(BTC, ("e",), ("l",)))
    assert (view.failed, view.missing) == ({cid}, {"e", "l"} - {cid})
    assert not view.found


async def test_a_blind_view_still_has_the_rules_and_the_time(opening: Any) -> None:
    blind = [InjectedFault("lost", method) for method in READS - {"filters", "server_time"}]
    scene = await opening(faults=Script(blind))
    view = await connected(scene).look(everything(BTC, 0))
    assert view.failed == PARTS
    assert (view.at, view.filters.symbol) == (scene.clock.now_ms, BTC)


async def test_a_fault_of_ours_is_no_unreadable_venue(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "WEIGHTS", {"filters": 0})
    with pytest.raises(KeyError):
        await connected(scene).look(everything(BTC, 0))


# --- the rules of a symbol


async def test_without_the_rules_there_is_no_view(opening: Any) -> None:
    scene = await opening(faults=Script([InjectedFault("lost", "filters")]))
    with pytest.raises(Unreachable):
        await connected(scene).look(everything(BTC, 0))


async def test_an_unknown_symbol_is_told(scene: Any) -> None:
    with pytest.raises(SymbolNotFound):
        await connected(scene).filters("NOPEUSDT")


async def test_the_rules_come_from_memory_and_outlive_a_failed_read(
    opening: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = await opening(faults=Script([InjectedFault("lost", "filters", at=2, times=9)]))
    calls = counted(scene, monkeypatch, "filters")
    link = connected(scene)
    known = await link.filters(BTC)
    assert await link.filters(BTC) is known
    assert len(calls) == 1
    monkeypatch.setattr(connection, "RULES_SECONDS", 0.0)
    assert await link.filters(BTC) is known
    assert len(calls) == 2


async def test_a_market_that_takes_no_orders_is_asked_for_its_status(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At once when it has refused an order, then every minute."""
    calls = counted(scene, monkeypatch, "filters")
    link = connected(scene)
    assert (await link.filters(BTC)).trades
    scene.exchange._session.statuses[BTC] = "BREAK"
    assert (await link.filters(BTC)).trades  # nobody has told
    outcome = await link.place(limit(scene))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "closed"
    assert [(await link.filters(BTC)).status for _ in range(2)] == ["BREAK", "BREAK"]
    assert len(calls) == 2
    monkeypatch.setattr(connection, "CLOSED_SECONDS", 0.0)
    del scene.exchange._session.statuses[BTC]
    assert (await link.filters(BTC)).trades
    assert len(calls) == 3


# --- shared reads


async def test_one_call_is_in_flight_for_many_takers(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(scene, monkeypatch, "balances", "ticker")
    link = connected(scene)
    await link.filters(BTC)
    watch = Watch(BTC, parts=frozenset({"balance", "price"}))
    await asyncio.gather(*(link.look(watch) for _ in range(5)), link.account())
    assert sorted(calls) == ["balances", "ticker"]


async def test_an_answer_serves_as_long_as_it_is_fresh(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = counted(scene, monkeypatch, "balances")
    link = connected(scene)
    first = await link.account()
    assert (await link.account(60_000)).balances is first.balances
    await asyncio.sleep(0.02)
    await link.account(10)
    assert len(calls) == 2


async def test_open_orders_of_a_symbol_come_from_a_fresh_read_of_the_account(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scene.place("sell", "LIMIT", 1, 120, cid="web_1")
    link = connected(scene)
    calls = counted(scene, monkeypatch, "open_orders")
    await link.open_everywhere()
    watch = Watch(BTC, parts=frozenset({"open_orders"}), max_age=60_000)
    assert [order.cid for order in (await link.look(watch)).open_orders or ()] == ["web_1"]
    assert calls == []
    await link.look(replace(watch, max_age=0))
    assert calls == ["open_orders"]


async def test_a_view_is_as_old_as_the_oldest_read_that_it_shares(scene: Any) -> None:
    link, gate = connected(scene), scene.exchange.transport.gate
    watch = Watch(BTC, parts=frozenset({"open_orders"}))
    await link.filters(BTC)
    gate.clear()
    first = asyncio.create_task(link.look(watch))
    await asyncio.sleep(0.02)
    second = asyncio.create_task(link.look(watch))
    await asyncio.sleep(0)
    gate.set()
    assert (await first).at == scene.clock.now_ms
    assert (await second).at <= scene.clock.now_ms - 20


async def test_nothing_counts_that_was_asked_before_the_last_answer_to_a_write(
    scene: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = connected(scene)
    await link.open_everywhere()
    await link.account()
    await link.place(limit(scene))
    calls = counted(scene, monkeypatch, "open_orders", "balances")
    watch = Watch(BTC, parts=frozenset({"open_orders", "balance"}), max_age=60_000)
    view = await link.look(watch)
    assert sorted(calls) == ["balances", "open_orders"]
    assert [order.cid for order in view.open_orders or ()] == ["e"]


async def test_a_read_in_flight_when_a_write_is_answered_serves_nobody_after_it(scene: Any) -> None:
    link = connected(scene)
    scene.exchange.transport.gate.clear()
    early = asyncio.create_task(link.account())
    writing = asyncio.create_task(link.place(limit(scene)))
    await asyncio.sleep(0)
    scene.exchange.transport.gate.set()
    await writing
    after = await link.account(60_000)
    assert after.balances["USDT"].locked == 90
    await early
    await link.close()


# --- deadlines and the pause


async def test_every_call_has_a_deadline(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.05)
    link = connected(scene)
    await link.filters(BTC)
    scene.exchange.transport.gate.clear()
    assert isinstance(await link.place(limit(scene)), Unknown)
    assert (await link.look(replace(everything(BTC, 0), orders=("e",)))).failed == PARTS | {"e"}
    with pytest.raises(Unreachable):
        await link.account()
    scene.exchange.transport.gate.set()
    assert (await link.look(everything(BTC, 0))).complete  # what hung is in nobody's way


async def test_a_taker_that_gives_up_leaves_the_read_to_the_others(scene: Any) -> None:
    link = connected(scene)
    scene.exchange.transport.gate.clear()
    first, second = (asyncio.create_task(link.account()) for _ in range(2))
    await asyncio.sleep(0.01)
    first.cancel()
    scene.exchange.transport.gate.set()
    assert (await second).balances["USDT"].free > 0


async def test_after_a_ban_nothing_is_sent_before_the_venue_allows_it(opening: Any) -> None:
    scene = await opening(faults=Script([InjectedFault("banned", "balances", delay_ms=30_000)]))
    link = connected(scene)
    with pytest.raises(ReadRefused):
        await link.account()
    outcome = await link.place(limit(scene))
    assert isinstance(outcome, Refused)
    assert outcome.reason == "held"
    assert 0 < outcome.retry_after <= 30_001
    with pytest.raises(ReadRefused, match="not sent"):
        await link.ticker(BTC)
    assert await scene.exchange.orders(BTC, 0) == ()


async def test_the_state_tells_of_a_pause_and_of_the_weight_that_is_used(opening: Any) -> None:
    scene = await opening(faults=Script([InjectedFault("rate-limited", "balances", delay_ms=30_000)]))
    link = connected(scene, limit=1_000)
    await link.ticker(BTC)
    assert (link.state().pause, link.state().weight_used, link.state().weight_limit) == (0, WEIGHTS["ticker"], 1_000)
    with pytest.raises(ReadRefused):
        await link.account()
    assert 0 < link.state().pause <= 30.001
    assert link.state().reachable  # it has answered


@pytest.mark.parametrize("method", ["ticker", "place"])
async def test_a_venue_that_does_not_answer_is_not_reachable_until_it_does(
    opening: Any, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 0.01)
    scene = await opening()
    scene.exchange.transport.gate.clear()
    link = connected(scene)
    if method == "place":
        assert isinstance(await link.place(limit(scene)), Unknown)
    else:
        with pytest.raises(Unreachable):
            await link.ticker(BTC)
    assert not link.state().reachable
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 10.0)
    scene.exchange.transport.gate.set()
    await link.ticker(BTC)
    assert link.state().reachable


async def test_a_refused_order_begins_the_pause_as_well(opening: Any) -> None:
    scene = await opening(faults=Script([InjectedFault("rate-limited", "place", delay_ms=30_000)]))
    link = connected(scene)
    reasons = [outcome.reason for outcome in [await link.place(limit(scene)) for _ in range(2)]]  # type: ignore[union-attr]  # both are refused
    assert reasons == ["rate", "held"]


async def test_protection_may_use_what_is_kept_from_the_state(scene: Any) -> None:
    link = connected(scene, limit=100)
    await link.filters(BTC)
    for _ in range(3):
        await link.account()
    watch = Watch(BTC, parts=frozenset({"balance"}))
    assert (await link.look(watch)).failed == {"balance"}
    assert (await link.look(replace(watch, urgent=True))).complete
    assert link.governor.left == 0


# --- push


async def test_a_venue_without_push_is_not_asked_for_a_stream(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    link, told = connected(scene), list[Any]()
    scene.exchange.transport.wire = Wire(WireTerms(push=False))
    asked = counted(scene, monkeypatch, "stream")
    await link.stream(told.append, tuple)
    assert link.state().stream == "off"
    scene.exchange.transport.wire = Wire(WireTerms())
    assert link.state().stream == "lost"
    await link.stream(told.append, tuple)
    await until(lambda: asked)
    assert asked == ["stream"]
    assert link.governor.used == WEIGHTS["stream"]
    await until(lambda: told == [StreamAlive()])
    assert link.state().stream == "on"
    await link.close()

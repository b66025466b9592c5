"""Faults that one order of events shows, written out."""

from __future__ import annotations

import asyncio

import pytest

from opentrader.actors import messages
from opentrader.actors.trading import control
from opentrader.domain.trading import pages
from opentrader.domain.trading.lifecycle import commands as lifecycle_commands
from opentrader.domain.trading.venue import SymbolStatus
from opentrader.exchange.governor import Governor
from tests.simulation import daemon
from tests.simulation.faults.given import CLOSE, ENTRY, bought_and_taken_away, done, scripted
from tests.simulation.simulation import Simulation

STORM = 300  # pairs of requests, five a second


@pytest.mark.parametrize("seed", [27, 10])
def test_k1_a_storm_of_requests_never_hides_a_symbol(seed: int) -> None:
    """What the loop tells itself is no request: no limit refuses it."""
    violation = Simulation(seed, 0.4, "storms").run().first("not looked at")
    assert violation is None, violation


@pytest.mark.parametrize("seed", [5, 1])
def test_k2_garbage_in_any_answer_is_an_answer_that_cannot_be_read(seed: int) -> None:
    verdict = Simulation(seed, 0.35, "numbers").run()
    assert verdict.counts["number"]
    assert not verdict.violations


def test_k3_an_operator_can_end_a_quarantine() -> None:
    labels = list[str]()

    async def act(simulation: Simulation) -> None:
        await bought_and_taken_away(simulation)
        for _ in range(2):  # each close waits for minutes
            await asyncio.sleep(120)
            assert simulation.daemon is not None
            labels.extend(trade.label for trade in simulation.daemon.snapshot().trades)
            await simulation.request(CLOSE)

    simulation = scripted(act)
    assert "QUARANTINE" in labels, "the coins are gone, and nobody knows where"
    assert simulation.daemon is not None
    assert not [trade for trade in simulation.daemon.snapshot().trades if trade.label == "QUARANTINE"]
    assert "not paged" not in simulation.judge.violations
    assert not simulation.daemon.pages()  # a page ends with its cause


def test_k3_the_run_finds_it_if_nothing_is_overruled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifecycle_commands, "overruled", lambda trade, now: trade)
    with pytest.raises(AssertionError):
        test_k3_an_operator_can_end_a_quarantine()


def test_the_run_finds_it_if_nobody_is_paged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "TRADE_PAGES", ())
    with pytest.raises(AssertionError):
        test_k3_an_operator_can_end_a_quarantine()


def test_k15_a_storm_of_entries_and_closes_stays_within_the_limit_of_the_venue() -> None:
    """Each pair of them trades; the reads for all of them would weigh more than the venue allows."""

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        for _ in range(STORM):
            for message in (ENTRY, CLOSE):
                simulation.spawn(simulation.request(message))
            await asyncio.sleep(0.2)
        await asyncio.sleep(180)
        await done(simulation, ENTRY)  # it has calmed down

    simulation = scripted(act)
    weight, most = simulation.wire.weight, simulation.weather.climate.weight
    assert max(weight.values()) > most / 2
    assert not simulation.judge.violations


def test_k15_the_run_finds_it_if_nothing_governs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "Governor", lambda limit, now: Governor(0, now))
    with pytest.raises(AssertionError):
        test_k15_a_storm_of_entries_and_closes_stays_within_the_limit_of_the_venue()


@pytest.mark.parametrize("status", ["HALT", "BREAK", "CANCEL_ONLY"])
def test_k11_what_cannot_be_sold_keeps_its_exits_until_the_symbol_trades_again(status: SymbolStatus) -> None:
    """Nothing is placed in a loop meanwhile, and the close is carried out within a minute."""

    async def act(simulation: Simulation) -> None:
        await done(simulation, ENTRY)
        simulation.session.statuses["SOLUSDT"] = status
        simulation.spawn(simulation.request(CLOSE))
        await asyncio.sleep(60)
        calls = simulation.wire.calls.copy()
        await asyncio.sleep(600)
        assert simulation.wire.calls["place"] == calls["place"]
        assert simulation.wire.calls["cancel_list"] == calls["cancel_list"]
        assert simulation.wire.calls["order_list"] - calls["order_list"] < 60
        bare = status == "CANCEL_ONLY"  # the list was canceled before the status was known
        assert len(await simulation.paper.open_orders("SOLUSDT")) == (0 if bare else 2)
        simulation.session.statuses.clear()
        await asyncio.sleep(90)
        assert simulation.daemon is not None
        assert not simulation.daemon.snapshot().open_trades()

    violations = scripted(act).judge.violations
    assert not violations.keys() - ({"bare"} if status == "CANCEL_ONLY" else set())


@pytest.mark.parametrize("before", [0.001, 0.01, 0.05, 0.1, 0.2, 0.25, 0.3, 0.4, 0.6])
def test_k13_nothing_opens_after_a_closeall(before: float) -> None:
    """However far the entry had come when the closeall was asked for."""

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        entering = asyncio.ensure_future(simulation.request(ENTRY))
        await asyncio.sleep(before)
        assert (await simulation.request(messages.CloseAll())).status == 200
        await entering

    simulation = scripted(act)
    assert simulation.judge.violations.get("opened after closeall") is None
    assert all(book.bought - book.sold < book.bought / 100 for book in simulation.judge.books.values())


def test_k13_the_run_finds_it_if_no_epoch_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(control, "_shuts", lambda before, after: False)
    with pytest.raises(AssertionError):
        test_k13_nothing_opens_after_a_closeall(0.01)

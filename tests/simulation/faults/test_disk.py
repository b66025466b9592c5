"""A disk that is full or slow: what reduces risk goes on, and nothing else does."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.actors.trading import lifecycle_loop
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.position_manager import PositionManager
from opentrader.domain.trading.lifecycle import Trade
from tests.simulation.daemon import Answer
from tests.simulation.disk import SimulatedDisk
from tests.simulation.faults.given import CLOSE, ENTRY, OTHER, SELL, done, scripted
from tests.simulation.simulation import Simulation


async def with_a_position_on_a_full_disk(simulation: Simulation) -> None:
    await done(simulation, ENTRY)
    await asyncio.sleep(10)  # until it is protected
    simulation.weather._begin("full", 0.0)


@pytest.mark.parametrize("key", [None, "once"])
@pytest.mark.parametrize("exit", [CLOSE, SELL, messages.CloseAll(), messages.Halt()], ids=lambda x: type(x).__name__)
def test_k8_a_full_disk_refuses_no_exit(exit: Message[Any], key: str | None) -> None:
    told = list[Answer]()

    async def act(simulation: Simulation) -> None:
        await with_a_position_on_a_full_disk(simulation)
        told.append(await simulation.request(exit, key))
        told.append(await simulation.request(ENTRY))

    simulation = scripted(act)
    assert [answer.status for answer in told] in ([200, 503], [200, 409])  # an entry is refused, by disk or halt
    assert not simulation.disk.reserve


def test_k8_the_run_finds_it_if_the_reserve_is_never_released(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimulatedDisk, "release", lambda disk: False)
    with pytest.raises(AssertionError):
        test_k8_a_full_disk_refuses_no_exit(CLOSE, None)


def test_k22_a_look_that_learns_nothing_leaves_the_reserve() -> None:
    simulation = scripted(with_a_position_on_a_full_disk)
    assert simulation.disk.reserve
    assert simulation.judge.violations == {}


def test_k22_the_run_finds_it_if_a_mere_look_releases_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def kept_always(loop: Any, before: Trade, after: Trade, view: Any, kept: dict[str, Trade]) -> None:
        kept[before.intent.id] = after

    monkeypatch.setattr(LifecycleLoop, "_conclude", kept_always)
    monkeypatch.setattr(lifecycle_loop, "matters", lambda before, after, effect: True)
    with pytest.raises(AssertionError):
        test_k22_a_look_that_learns_nothing_leaves_the_reserve()


def test_k8_a_trade_that_cannot_be_stored_holds_up_no_other() -> None:
    """The looks of the resting entry learn nothing; the position behind it has lost its exits."""
    exits = list[str]()

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        px = float(simulation.prices.price("SOLUSDT", simulation.clock.market_ms())) * 0.8
        await done(simulation, messages.PlaceManual("SOLUSDT", "buy", entry_px=round(px, 2), sl_pct=2.0, tp_pct=4.0))
        await with_a_position_on_a_full_disk(simulation)
        for order in await simulation.paper.open_orders("SOLUSDT"):
            if order.side == "sell":
                await simulation.paper.cancel("SOLUSDT", order.cid)
        await asyncio.sleep(120)
        exits.extend(order.cid for order in await simulation.paper.open_orders("SOLUSDT") if order.side == "sell")

    scripted(act)
    assert len(exits) == 2  # a stop and a target


def test_k22_the_reserve_is_made_again_when_there_is_room() -> None:
    held = list[bool]()

    async def act(simulation: Simulation) -> None:
        await with_a_position_on_a_full_disk(simulation)
        await done(simulation, CLOSE)
        held.append(simulation.disk.reserve)
        simulation.weather._end("full", 0.0)
        await done(simulation, ENTRY)
        held.append(simulation.disk.reserve)

    scripted(act)
    assert held == [False, True]


@pytest.mark.parametrize("seed", [1, 3])
def test_k8_no_run_on_a_full_disk_refuses_an_exit(seed: int) -> None:
    verdict = Simulation(seed, 0.3, "full disk").run()
    assert verdict.counts["full"]
    assert (verdict.first("exit refused"), verdict.first("fatal")) == (None, None)


def test_a_slow_disk_bars_entries_and_nothing_else_until_it_is_fast_again() -> None:
    told = list[tuple[int, str]]()

    async def ask(simulation: Simulation, message: Message[Any]) -> None:
        answer = await simulation.request(message)
        told.append((answer.status, answer.code))

    async def act(simulation: Simulation) -> None:
        await done(simulation, ENTRY)
        simulation.weather._begin("disk", 0.6)
        for _ in range(3):  # each is recorded, which is a slow commit
            await simulation.request(messages.UpdateTrailing())
        await ask(simulation, OTHER)
        await ask(simulation, CLOSE)
        simulation.weather._end("disk", 0.6)
        for _ in range(16):  # each is recorded, which is a fast commit
            await ask(simulation, OTHER)

    assert scripted(act).disk.pace.slow > 3
    assert told[:3] == [(503, "not_ready"), (200, ""), (503, "not_ready")]
    assert (200, "") in told[3:]


def test_the_run_finds_it_if_the_gate_does_not_ask_how_slow_the_disk_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(SimulatedDisk, "slow", lambda disk: False)
    with pytest.raises(AssertionError):
        test_a_slow_disk_bars_entries_and_nothing_else_until_it_is_fast_again()


def entered_as_the_disk_becomes_slow(commits: int) -> Simulation:
    """An entry after so many slow commits: the gate that it has passed may be shut when its own has ended."""

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        simulation.weather._begin("disk", 1.2)
        for _ in range(commits):
            await simulation.request(messages.UpdateTrailing())
        await simulation.request(ENTRY)

    return scripted(act)


@pytest.mark.parametrize("commits", range(4))
def test_an_entry_is_not_sent_if_its_own_commit_shows_that_the_disk_is_slow(commits: int) -> None:
    assert "sent while barred" not in entered_as_the_disk_becomes_slow(commits).judge.violations


def test_the_run_finds_it_if_the_gate_is_not_asked_before_the_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(PositionManager, "_why_barred", lambda manager, pair: "")
    runs = map(entered_as_the_disk_becomes_slow, range(4))
    assert any("sent while barred" in run.judge.violations for run in runs)

"""What is repeated with its Idempotency-Key acts once, and is told as it was."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from decimal import Decimal
from typing import Any

import orjson
import pytest

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.actors.trading.replies import outcomes
from opentrader.store.tables import commands, idempotency
from tests.simulation.daemon import Answer
from tests.simulation.faults.given import CLOSE, ENTRY, done, scripted
from tests.simulation.judging.keys import Keys
from tests.simulation.simulation import Simulation

CLOSES: dict[str, Message[Any]] = {
    "close": CLOSE,
    "closeall": messages.CloseAll(),
    "sell": replace(ENTRY, direction="sell"),
}


def repeated_after_a_crash(kind: str) -> tuple[Simulation, list[Answer]]:
    """A close that a crash cuts off, another trade after that, and the same close with the same key once more."""
    told = list[Answer]()

    async def act(simulation: Simulation) -> None:
        await done(simulation, ENTRY)
        closing = asyncio.ensure_future(simulation.request(CLOSES[kind], "close-once"))
        await asyncio.sleep(0.2)
        simulation.kill()
        told.append(await closing)
        await asyncio.sleep(60)  # the close was committed: the next life finishes it
        await done(simulation, ENTRY)
        told.append(await simulation.request(CLOSES[kind], "close-once"))
        await asyncio.sleep(60)

    return scripted(act, climate="far"), told


@pytest.mark.parametrize("kind", CLOSES)
def test_k6_a_repeated_close_never_sells_a_later_trade(kind: str) -> None:
    simulation, told = repeated_after_a_crash(kind)
    assert [answer.status for answer in told] == [0, 200]
    sold, held = simulation.judge.books.values()
    assert sold.sold > sold.bought * Decimal("0.99"), "the first trade is closed, as the repeat is told"
    assert held.sold == 0, "the second trade is open, since nobody has closed it"
    assert orjson.loads(told[1].reply)["closed"][0]["size"] == pytest.approx(float(sold.bought))


@pytest.mark.parametrize("seed", [1, 3])
def test_k6_no_repeat_at_random_acts_on_a_later_trade(seed: int) -> None:
    verdict = Simulation(seed, 0.3, "kills").run()
    assert (verdict.first("repeated key"), verdict.first("closed unasked")) == (None, None)


@pytest.mark.parametrize("kind", CLOSES)
def test_k6_the_run_finds_it_if_no_key_is_bound(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    monkeypatch.setattr(idempotency, "bind", lambda connection, key, intent_id: "")
    with pytest.raises(AssertionError):
        test_k6_a_repeated_close_never_sells_a_later_trade(kind)


def test_k6_the_judge_sees_that_a_repeat_closed_a_younger_trade(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(idempotency, "bind", lambda connection, key, intent_id: "")
    monkeypatch.setattr(Keys, "_demand_one_command_a_key", lambda keys: None)
    simulation, _ = repeated_after_a_crash("close")
    assert "only repeats of older requests" in simulation.judge.violations["repeated key"].text


def test_k6_the_judge_sees_that_no_command_is_about_a_closed_trade(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = commands.journal
    monkeypatch.setattr(
        commands, "journal", lambda connection, command: journal(connection, replace(command, trades=()))
    )
    simulation, _ = repeated_after_a_crash("close")
    assert "closed unasked" in simulation.judge.violations


def closed_by_another(before: float) -> list[int]:
    """The statuses of an entry with a key, and of its repeat, if another client closes it this soon after."""
    told = list[int]()

    async def act(simulation: Simulation) -> None:
        await asyncio.sleep(60)
        entering = asyncio.ensure_future(simulation.request(ENTRY, "enter-once"))
        await asyncio.sleep(before)
        closing = asyncio.ensure_future(simulation.request(CLOSE))
        told.append((await entering).status)
        await closing
        for answer in [await simulation.request(ENTRY, "enter-once") for _ in range(2)]:
            told.append(answer.status)
            if answer.status == 200 and simulation.judge.books:
                assert orjson.loads(answer.reply)["status"] in {"opened", "closed"}

    simulation = scripted(act, climate="far")
    assert simulation.judge.violations.get("repeated key") is None
    return told


@pytest.mark.parametrize("before", [0.5, 1.0, 1.5, 2.0, 3.0, 5.0])
def test_k23_what_another_client_has_closed_was_no_failure(before: float) -> None:
    """However far the entry had come: bought, or protected, or neither."""
    assert 500 not in closed_by_another(before)


def test_k23_the_run_finds_it_if_each_close_counts_as_a_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcomes, "never_protected", lambda trade, row: not any(leg.ex_ids for leg in trade.exits))
    assert any(500 in closed_by_another(before) for before in (0.5, 1.0, 1.5, 2.0, 3.0, 5.0))

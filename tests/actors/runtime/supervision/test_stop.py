"""Stuck handlers and the ordered end of all actors."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.errors import AskTimeout, ShuttingDown
from tests.actors.runtime.book import SAFETY, ask
from tests.fakes.subject import Await, Die, Name, Publish, Subject, entered, started

# death


# stuck handlers


async def test_a_stuck_handler_is_reported_and_nobody_else_waits_for_it(build: Any) -> None:
    bench = await started(build, "a", "b", "c", stuck_seconds=0.01)
    await ask(bench, Publish("b", None, "read"))
    hold, held = await entered(bench, "b")
    await bench.until_reported()
    assert bench.stuck == ["b"]
    assert [await ask(bench, Name(name)) for name in "ac"] == ["a", "c"]
    assert bench.supervisor.snapshot("b") == "read"
    assert [row.alive for row in bench.supervisor.status()] == [True, False, True]
    hold.release.set()
    await held
    assert await ask(bench, Name("b")) == "b"
    assert bench.restarts()["b"] == 0


async def test_stop_does_not_wait_for_a_stuck_handler_and_answers_everyone(build: Any, log: list[str]) -> None:
    bench = await started(build, "a", "b", stop_seconds=0.01)
    promised = ask(bench, Await("b"))
    await ask(bench, Name("b"))
    hold, held = await entered(bench, "b")
    waits = ask(bench, Name("b"))
    await asyncio.sleep(0)
    await asyncio.gather(bench.supervisor.stop(), bench.supervisor.stop())
    answers = await asyncio.gather(promised, held, waits, return_exceptions=True)
    assert [type(answer) for answer in answers] == [AskTimeout, AskTimeout, ShuttingDown]
    assert log[-1] == "stop a"
    assert bench.stuck == ["b"]
    assert not hold.left.is_set()
    hold.release.set()  # and then its thread ends: the fixture sees to that


# stop


async def test_after_stop_began_nothing_more_is_taken(build: Any) -> None:
    bench = await started(build, "a")
    stopping = asyncio.create_task(bench.supervisor.stop())
    await asyncio.sleep(0)
    with pytest.raises(ShuttingDown):
        await ask(bench, Name("a"))
    with pytest.raises(ShuttingDown):
        bench.supervisor.tell(Name("a"))
    await asyncio.gather(stopping, bench.supervisor.stop())
    await bench.supervisor.stop()


async def test_what_an_actor_is_told_after_its_stop_has_failed_at_nothing(
    build: Any, caplog: pytest.LogCaptureFixture
) -> None:
    """An exchange goes on to tell of changes until its connection is closed, which is later."""
    bench = await started(build, "a")
    await bench.supervisor.stop()
    bench.supervisor._tell(Name("a"))  # what `Context.tell` is
    assert not caplog.records


async def test_stop_lets_what_is_under_way_end_first(build: Any, log: list[str]) -> None:
    bench = await started(build, "a", "b", stop_seconds=SAFETY)
    work = Await("b", first_ask=Name("a"))
    asked = ask(bench, work)
    await ask(bench, Name("b"))
    stopping = asyncio.create_task(bench.supervisor.stop())
    for _ in range(5):
        await asyncio.sleep(0)
    assert "stop b" not in log
    work.gate.set()
    await stopping
    assert await asked == "a"


async def test_a_death_during_stop_is_not_followed_by_a_life_nor_waited_for(build: Any, log: list[str]) -> None:
    bench = await started(build, "a", stop_seconds=100 * SAFETY)
    hold, held = await entered(bench, "a")
    fatal = ask(bench, Die("a"))
    await asyncio.sleep(0)
    stopping = asyncio.create_task(bench.supervisor.stop())
    # Until a ping waits behind the message that is fatal; nothing else tells of it.
    while bench.supervisor.status()[0].inbox < 2:  # noqa: ASYNC110
        await asyncio.sleep(0)
    hold.release.set()
    await asyncio.wait_for(stopping, SAFETY)
    await asyncio.wait({held, fatal})
    assert log == ["start a"]
    assert bench.fatal == []


async def test_no_actor_begins_while_the_others_end(build: Any, log: list[str]) -> None:
    bench = build(stop_seconds=SAFETY)
    bench.supervisor.add_family("f", Subject)
    bench.supervisor.add("a", Subject)
    await bench.supervisor.start()
    last = Await("a", first_ask=Name("f", "BTC"))
    asked = ask(bench, last)
    await ask(bench, Name("a"))
    stopping = asyncio.create_task(bench.supervisor.stop())
    await asyncio.sleep(0)
    last.gate.set()
    await stopping
    with pytest.raises(ShuttingDown):
        await asked
    assert log == ["start a", "stop a"]

"""One address: what waits there is answered, however its actor ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors.runtime.message import Message
from opentrader.errors import AskTimeout, NotReady, ShuttingDown
from tests.actors.runtime.book import SAFETY, Book, ask, opened_gate, work
from tests.fakes.subject import Await, Hold, Name, entered, started


async def test_stop_cuts_off_what_does_not_end(build: Any) -> None:
    bench = await started(build, "a", stop_seconds=0.01)
    asked = ask(bench, Await("a"))
    await ask(bench, Name("a"))
    await bench.supervisor.stop()
    with pytest.raises(AskTimeout, match="a was stopped while the request was in progress") as caught:
        await asked
    assert "may have been done" in caught.value.hint
    assert bench.stuck == []


async def test_stop_answers_whose_continuation_is_stuck(build: Any) -> None:
    bench = await started(build, "a", stop_seconds=0.01)
    hold = Hold("a")
    asked = ask(bench, Await("a", gate=opened_gate(), then_hold=hold))
    await asyncio.to_thread(hold.entered.wait, SAFETY)
    await bench.supervisor.stop()
    with pytest.raises(AskTimeout):
        await asyncio.wait_for(asked, SAFETY)
    assert not hold.left.is_set()
    hold.release.set()


async def test_a_ping_waits_for_no_key_and_so_stop_lets_even_a_full_queue_end(build: Any) -> None:
    class OneAtATime(Book):
        def exclusive_of(self, message: Message[Any]) -> str:
            return "BTC"

    bench = build(deferred=1, stop_seconds=SAFETY)
    bench.supervisor.add("book", OneAtATime)
    await bench.supervisor.start()
    gate = asyncio.Event()
    asked = [ask(bench, work("BTC", name, gate)) for name in "ab"]
    stopping = asyncio.create_task(bench.supervisor.stop())
    await asyncio.sleep(0)
    await bench.supervisor._cells["book", None].ping()
    gate.set()
    await stopping
    assert await asyncio.gather(*asked) == ["opened"] * 2


async def test_a_mailbox_that_is_closed_already_is_not_taken_for_an_orderly_end(
    build: Any, caplog: pytest.LogCaptureFixture
) -> None:
    bench = await started(build, "a", stop_seconds=0.01)
    hold, held = await entered(bench, "a")
    bench.supervisor._cells["a", None].mailbox.close(lambda: NotReady("closed by somebody"))
    await bench.supervisor.stop()
    assert "actor a: canceling its unfinished work" in caplog.text
    assert "closed by somebody" in caplog.text
    hold.release.set()
    await asyncio.wait({held})


async def test_stop_answers_what_a_busy_actor_has_not_come_to(build: Any) -> None:
    bench = await started(build, "a", stop_seconds=0.01)
    hold, held = await entered(bench, "a")
    waits = ask(bench, Name("a"))
    waits.add_done_callback(lambda _: hold.release.set())
    await asyncio.sleep(0)
    await bench.supervisor.stop()
    with pytest.raises(ShuttingDown):
        await waits
    await asyncio.wait({held})

"""Death, stuck handlers and the ordered end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.message import Message
from opentrader.errors import AskTimeout, NotReady, ShuttingDown, StorageError
from tests.actors.runtime.book import SAFETY, Book, ask, opened_gate, work
from tests.actors.runtime.subject import Await, Die, Hold, Name, Publish, Subject, dies, entered, started

# death


async def test_three_deaths_within_the_window_are_fatal_whoever_dies(build: Any) -> None:
    bench = await started(build, "a", "b")
    for name in ("a", "b"):
        await dies(bench, name)
        assert await ask(bench, Name(name)) == name
        bench.clock.now += 25
    assert bench.fatal == []
    await dies(bench, "a")
    await bench.until_reported()
    assert bench.fatal == ["3 actor crashes in 60 s, the last one of a"]
    assert bench.restarts() == {"a": 1, "b": 1}
    with pytest.raises(NotReady, match="a crashed and is not restarted"):
        await ask(bench, Name("a"))
    assert await ask(bench, Name("b")) == "b"


async def test_deaths_that_are_far_apart_are_not_fatal(build: Any) -> None:
    bench = await started(build, "a")
    for _ in range(6):
        await dies(bench, "a")
        assert await ask(bench, Name("a")) == "a"
        bench.clock.now += 31
    assert bench.fatal == []
    assert bench.restarts() == {"a": 6}


async def test_a_restart_that_fails_again_and_again_is_fatal(build: Any) -> None:
    bench = build()
    lives = iter(range(9))

    def factory(context: Context) -> Actor:
        if next(lives):
            raise StorageError("no disk")
        return Subject(context)

    bench.supervisor.add("a", factory)
    await bench.supervisor.start()
    await dies(bench, "a")
    await bench.until_reported()
    assert bench.fatal == ["3 actor crashes in 60 s, the last one of a"]


async def test_a_life_begins_when_all_that_the_one_before_wrote_is_settled(build: Any, log: list[str]) -> None:
    called, settled = asyncio.Event(), asyncio.Event()

    async def barrier() -> None:
        called.set()
        await settled.wait()
        log.append("settled")

    bench = build(barrier=barrier)
    bench.supervisor.add("a", Subject)
    await bench.supervisor.start()
    await dies(bench, "a")
    asked = ask(bench, Name("a"))
    await asyncio.wait_for(called.wait(), SAFETY)
    settled.set()
    assert await asked == "a"
    assert log == ["start a", "settled", "start a"]


async def test_a_store_that_fails_does_not_keep_an_actor_from_its_next_life(build: Any, log: list[str]) -> None:
    async def barrier() -> None:
        log.append("failed")
        raise StorageError("no disk")

    bench = build(barrier=barrier)
    bench.supervisor.add("a", Subject)
    await bench.supervisor.start()
    await dies(bench, "a")
    assert await ask(bench, Name("a")) == "a"
    assert log == ["start a", "failed", "start a"]


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

"""Coroutines of an actor: what their outcome is, who waits for them, and in which order."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.tasks import Tasks
from opentrader.errors import AskTimeout, InternalError, NotFound
from tests.actors.runtime.book import FAULTS, SAFETY, Book, Seen, Work, ask, opened, opened_gate, raises, work


async def test_reads_are_answered_while_a_coroutine_is_under_way(bench: Any) -> None:
    gate = asyncio.Event()
    asked = ask(bench, work("BTC", "a", gate))
    assert await ask(bench, Seen()) == ["begin a"]
    gate.set()
    assert await asked == "opened"


async def test_an_error_of_our_own_tree_in_a_coroutine_comes_as_it_is(bench: Any) -> None:
    error = NotFound("no such order")
    with pytest.raises(NotFound) as caught:
        await ask(bench, Work("BTC", "a", (partial(raises, error),)))
    assert caught.value is error


CANCELLED = asyncio.CancelledError("by a library, not by us")


@pytest.mark.parametrize("fault", [*FAULTS, CANCELLED], ids=repr)
async def test_any_other_exception_in_a_coroutine_is_an_outcome_too(bench: Any, fault: BaseException) -> None:
    with pytest.raises(InternalError) as caught:
        await ask(bench, Work("BTC", "a", (partial(raises, fault),)))
    assert str(caught.value) == "book: raises failed"
    assert caught.value.__cause__ is fault
    gate = asyncio.Event()
    gate.set()
    assert await ask(bench, work("BTC", "b", gate)) == "opened"  # the key is free again
    assert bench.restarts()["book"] == 0


async def test_a_timeout_does_not_cancel_the_work(bench: Any) -> None:
    gate = asyncio.Event()
    with pytest.raises(AskTimeout, match=r"book did not answer Work within 0\.01 s") as caught:
        await bench.supervisor.ask(work("BTC", "a", gate), timeout=0.01)
    assert "may still complete" in caught.value.hint
    waits = ask(bench, work("BTC", "b", gate))
    gate.set()
    await waits
    assert await ask(bench, Seen()) == ["begin a", "end a", "begin b", "end b"]


def bare_tasks() -> Tasks:
    return Tasks("book", asyncio.get_running_loop())


async def test_a_coroutine_that_comes_after_the_end_of_its_life_is_not_begun() -> None:
    tasks = bare_tasks()
    begun: list[Any] = []

    async def begin() -> None:
        begun.append("begun")

    await tasks.close(SAFETY)
    tasks.spawn(begin(), begun.append)
    await tasks.drain(partial(asyncio.sleep, 0))
    await asyncio.sleep(0)
    assert begun == []


async def test_nothing_is_under_way_until_the_continuations_pipe_no_more() -> None:
    tasks = bare_tasks()
    outcomes: list[Outcome[str]] = []
    gate = asyncio.Event()
    gate.set()

    async def handled() -> None:
        if len(outcomes) < 3:
            tasks.spawn(opened(gate), outcomes.append)

    await handled()
    await tasks.drain(handled)
    assert outcomes == [Done("opened")] * 3


# exclusive


async def test_an_error_that_nobody_waits_for_is_logged(build: Any, caplog: pytest.LogCaptureFixture) -> None:
    class Careless(Book):
        def on_start(self) -> None:
            self.work(Work("BTC", "a", (partial(raises, NotFound("no such order")),)))

    bench = build()
    bench.supervisor.add("book", Careless)
    await bench.supervisor.start()
    await ask(bench, work("BTC", "b", opened_gate()))
    assert "book: background coroutine failed: no such order" in caplog.text


async def test_what_begins_and_ends_while_a_continuation_is_handled_is_waited_for_as_well() -> None:
    """Its outcome stands behind the ping of that wait: without another one, an orderly stop would cut it off."""
    tasks, waiting, told = bare_tasks(), list[str](), list[str]()

    async def work(name: str) -> str:
        return name

    def deliver(outcome: Outcome[str]) -> None:
        assert isinstance(outcome, Done)
        waiting.append(outcome.value)

    async def handled() -> None:
        """As an actor does: it handles what waited when the ping came, and that may begin more."""
        seen, waiting[:] = waiting.copy(), []
        if "a" in seen:
            tasks.spawn(work("b"), deliver)
            await asyncio.sleep(0.01)
        told.extend(seen)

    tasks.spawn(work("a"), deliver)
    await tasks.drain(handled)
    assert told == ["a", "b"]

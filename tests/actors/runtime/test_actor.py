"""What a handler may raise, and what remains of a life that it ends."""

from __future__ import annotations

import asyncio
from typing import Any

import pykka
import pytest

from opentrader.errors import AskTimeout, InternalError, NotFound, NotReady, ShuttingDown
from tests.actors.runtime.book import (
    BROKEN,
    FAULTS,
    SAFETY,
    Book,
    Hold,
    Other,
    Raise,
    Seen,
    Unknown,
    Work,
    ask,
    opened_gate,
    turn,
    work,
)

# dispatch


async def test_a_message_without_a_handler_is_an_error_of_its_sender(bench: Any) -> None:
    with pytest.raises(InternalError, match="book has no handler for Unknown"):
        await ask(bench, Unknown())
    assert bench.restarts() == {"other": 0, "book": 0}


# what a handler raises


async def test_an_error_of_our_own_tree_is_an_answer(bench: Any, caplog: pytest.LogCaptureFixture) -> None:
    error = NotFound("no such signal")
    with pytest.raises(NotFound) as caught:
        await ask(bench, Raise(error))
    assert caught.value is error
    assert not caplog.records
    bench.supervisor.tell(Raise(error))
    await turn(bench)
    assert "handler for one-way message Raise failed: no such signal" in caplog.text
    assert bench.restarts()["book"] == 0


@pytest.mark.parametrize("told", [False, True], ids=["asked", "told"])
@pytest.mark.parametrize("fault", FAULTS, ids=repr)
async def test_any_other_exception_is_the_failure_of_that_one_actor(
    bench: Any, fault: BaseException, told: bool
) -> None:
    if told:
        bench.supervisor.tell(Raise(fault))
    else:
        with pytest.raises(InternalError) as caught:
            await ask(bench, Raise(fault))
        assert str(caught.value) == "actor book failed while handling Raise"
        assert caught.value.__cause__ is fault
    assert await ask(bench, Seen()) == []
    assert await ask(bench, Other()) == "answer"
    assert bench.restarts() == {"other": 0, "book": 1}


class Plain(pykka.ThreadingActor):
    use_daemon_thread = True

    def on_receive(self, message: Any) -> Any:
        raise message


def test_pykka_takes_one_system_exit_for_the_end_of_all_actors() -> None:
    one, other = Plain.start(), Plain.start()
    one.tell(SystemExit(3))
    assert other.actor_stopped.wait(SAFETY)


def test_pykka_hides_a_fault_that_was_asked_and_stops_for_an_answer_that_was_told() -> None:
    ref = Plain.start()
    with pytest.raises(RuntimeError):
        ref.ask(RuntimeError("a fault"))
    assert ref.is_alive()
    ref.tell(NotFound("no such signal"))
    assert ref.actor_stopped.wait(SAFETY)


# the end of a life


async def test_a_life_takes_its_coroutines_with_it_before_the_next_begins(build: Any) -> None:
    events: list[str] = []
    lives: list[Book] = []

    class Recorded(Book):
        def on_start(self) -> None:
            lives.append(self)
            events.append("life begins")

    async def under_way() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            events.append("coroutine ended")

    bench = build()
    bench.supervisor.add("book", Recorded)
    await bench.supervisor.start()
    begun = ask(bench, Work("BTC", "a", (under_way,)))
    deferred = ask(bench, Work("BTC", "b", (under_way,)))
    await turn(bench)
    bench.supervisor.tell(Raise(RuntimeError("death")))
    with pytest.raises(InternalError, match="failed while the request was in progress") as caught:
        await begun
    assert "in part" in caught.value.hint
    assert caught.value.facts == {"work": "a"}
    with pytest.raises(NotReady, match="book is restarting") as refused:
        await deferred
    assert refused.value.facts == {}
    assert await ask(bench, Seen()) == []
    assert events == ["life begins", "coroutine ended", "life begins"]
    assert lives[0] is not lives[1]


async def test_what_waits_in_the_mailbox_is_kept_for_the_next_life(bench: Any) -> None:
    hold = Hold()
    held = ask(bench, hold)
    fatal = ask(bench, Raise(RuntimeError("death")))
    waits = ask(bench, Seen())
    await asyncio.to_thread(hold.entered.wait, SAFETY)
    hold.release.set()
    assert await held == "held"
    with pytest.raises(InternalError):
        await fatal
    assert await waits == []


async def test_an_outcome_for_a_life_that_is_over_is_not_handled_by_the_next(bench: Any) -> None:
    gate, hold = asyncio.Event(), Hold()
    begun = ask(bench, work("BTC", "a", gate))
    ask(bench, hold)
    await asyncio.to_thread(hold.entered.wait, SAFETY)
    bench.supervisor.tell(Raise(RuntimeError("death")))
    gate.set()
    for _ in range(10):  # the coroutine ends and its outcome waits behind the message that is fatal
        await asyncio.sleep(0)
    assert {row.name: row.inbox for row in bench.supervisor.status()}["book"] == 2
    hold.release.set()
    with pytest.raises(InternalError):
        await begun
    assert await ask(bench, Seen()) == []
    assert bench.restarts()["book"] == 1


async def test_what_waits_when_an_actor_stops_is_answered_whoever_stopped_it(bench: Any) -> None:
    hold, gate = Hold(), asyncio.Event()
    asked = [ask(bench, message) for message in (work("BTC", "a", gate), work("BTC", "b", gate), hold)]
    await asyncio.to_thread(hold.entered.wait, SAFETY)
    pykka.ActorRegistry.stop_all(block=False)
    asked.append(ask(bench, Seen()))
    await asyncio.sleep(0)
    hold.release.set()
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert [type(answer) for answer in answers] == [AskTimeout, ShuttingDown, str, ShuttingDown]


async def test_k27_who_asks_for_a_long_chain_of_continuations_is_answered(bench: Any) -> None:
    assert await ask(bench, work("BTC", "a", *[opened_gate()] * 1_000)) == "opened"


async def test_a_fault_in_a_continuation_ends_the_life_and_answers_its_asker(bench: Any) -> None:
    gate = asyncio.Event()
    gate.set()
    with pytest.raises(InternalError, match="actor book failed while handling Continuation"):
        await ask(bench, work("BTC", BROKEN, gate))
    assert await ask(bench, work("BTC", "b", gate)) == "opened"
    assert bench.restarts() == {"other": 0, "book": 1}

"""Start, addresses, snapshots, overload and ticks."""

from __future__ import annotations

import asyncio
import threading
from typing import Any, ClassVar

import pykka
import pytest

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Tick
from opentrader.actors.runtime.supervision.supervisor import ActorStatus
from opentrader.errors import InternalError, NotReady, Overloaded, StorageError, SymbolNotFound
from tests.actors.runtime.book import SAFETY, Book, Seen, ask, work
from tests.fakes.subject import Await, Name, Publish, Subject, dies, entered, started

# start


async def test_actors_start_in_order_and_stop_in_reverse(build: Any, log: list[str]) -> None:
    bench = await started(build, "a", "b", "c")
    await bench.supervisor.stop()
    assert log == ["start a", "start b", "start c", "stop c", "stop b", "stop a"]


class Failing(Subject):
    error: ClassVar[BaseException]

    def on_start(self) -> None:
        raise self.error


@pytest.mark.parametrize("error", [RuntimeError("broken"), SystemExit(2), StorageError("no disk")], ids=repr)
async def test_a_start_that_fails_is_an_error_and_leaves_nothing_running(
    build: Any, log: list[str], error: BaseException
) -> None:
    Failing.error = error
    bench = build()
    for name, factory in {"a": Subject, "b": Failing, "c": Subject}.items():
        bench.supervisor.add(name, factory)
    with pytest.raises((InternalError, StorageError)) as caught:
        await bench.supervisor.start()
    assert error in {caught.value, caught.value.__cause__}
    assert log == ["start a", "stop a"]
    assert [row.alive for row in bench.supervisor.status()] == [False] * 3
    assert bench.fatal == []


async def test_a_factory_that_fails_is_a_start_that_fails(build: Any) -> None:
    def broken(context: Context) -> Actor:
        raise ZeroDivisionError

    bench = build()
    bench.supervisor.add("a", broken)
    with pytest.raises(InternalError, match="a did not start") as caught:
        await bench.supervisor.start()
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


async def test_a_start_that_hangs_is_an_error_too(build: Any) -> None:
    release = threading.Event()

    class Hanging(Actor):
        def on_start(self) -> None:
            release.wait(SAFETY)

    bench = build(start_seconds=0.01, stop_seconds=0.01)
    bench.supervisor.add("a", Hanging)
    with pytest.raises(NotReady, match="a did not answer within"):
        await bench.supervisor.start()
    release.set()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_pykka_starts_a_dead_actor_without_a_word() -> None:
    class Stillborn(pykka.ThreadingActor):
        def on_start(self) -> None:
            raise RuntimeError("broken")

    ref = Stillborn.start()
    assert ref.actor_stopped.wait(SAFETY)


# addresses


async def test_a_name_is_given_once(build: Any) -> None:
    bench = build()
    bench.supervisor.add("a", Subject)
    with pytest.raises(ValueError, match="named a already exists"):
        bench.supervisor.add_family("a", Subject)


@pytest.mark.parametrize("message", [Name("nobody"), Name("a", "BTC"), Name("family")], ids=repr)
async def test_a_message_that_nobody_owns_is_an_error(build: Any, message: Name) -> None:
    bench = build()
    bench.supervisor.add("a", Subject)
    bench.supervisor.add_family("family", Subject)
    await bench.supervisor.start()
    with pytest.raises(InternalError, match="no actor"):
        await ask(bench, message)


async def test_a_member_of_a_family_is_started_by_the_first_message_for_its_key(build: Any, log: list[str]) -> None:
    bench = build()
    bench.supervisor.add_family("f", Subject)
    await bench.supervisor.start()
    assert log == []
    names = await asyncio.gather(*(ask(bench, Name("f", key)) for key in ("BTC", "ETH", "BTC")))
    assert names == ["f/BTC", "f/ETH", "f/BTC"]
    assert sorted(log) == ["start f/BTC", "start f/ETH"]
    assert bench.restarts() == {"f/BTC": 0, "f/ETH": 0}


async def test_of_many_threads_that_open_a_member_one_does(build: Any, log: list[str]) -> None:
    bench = build()
    bench.supervisor.add_family("f", Subject)
    await bench.supervisor.start()
    threads = [
        threading.Thread(target=bench.supervisor.tell, args=(Publish("f", "BTC", str(number)),)) for number in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    await ask(bench, Name("f", "BTC"))
    assert log == ["start f/BTC"]
    assert bench.supervisor.snapshots("f").keys() == {"BTC"}


async def test_two_threads_that_both_find_no_member_open_the_same_one(build: Any, log: list[str]) -> None:
    supervisor = build().supervisor
    supervisor.add_family("f", Subject)
    await supervisor.start()
    cells = [supervisor._open("f", "BTC", Subject) for _ in range(2)]
    assert cells[0] is cells[1]
    await cells[0].ping()
    assert log == ["start f/BTC"]


async def test_a_member_may_refuse_to_exist(build: Any) -> None:
    Failing.error = SymbolNotFound("no such pair")
    bench = build()
    bench.supervisor.add_family("f", Failing)
    await bench.supervisor.start()
    asked = [ask(bench, Name("f", "XXX")) for _ in range(3)]
    assert await asyncio.gather(*asked, return_exceptions=True) == [Failing.error] * 3
    assert bench.supervisor.status() == []
    assert bench.fatal == []


# snapshots


async def test_a_snapshot_stays_until_the_next_life_publishes_anew(build: Any) -> None:
    bench = await started(build, "a")
    with pytest.raises(NotReady, match="actor a has not started yet"):
        bench.supervisor.snapshot("a")
    await ask(bench, Publish("a", None, "first"))
    await dies(bench, "a")
    await ask(bench, Name("a"))
    assert bench.supervisor.snapshot("a") == "first"
    await ask(bench, Publish("a", None, "second"))
    assert bench.supervisor.snapshot("a") == "second"


# overload


async def test_a_full_mailbox_refuses_requests_at_once_and_handles_what_it_took(build: Any) -> None:
    bench = await started(build, "a", inbox=2)
    hold, held = await entered(bench, "a")
    taken = [ask(bench, Name("a")) for _ in range(2)]
    await asyncio.sleep(0)
    with pytest.raises(Overloaded):
        await ask(bench, Name("a"))
    with pytest.raises(Overloaded):
        bench.supervisor.tell(Name("a"))
    assert bench.supervisor.status() == [ActorStatus("a", alive=True, inbox=2, restarts=0)]
    hold.release.set()
    assert await asyncio.gather(held, *taken) == [None, "a", "a"]


async def test_a_request_too_many_in_progress_is_refused_at_the_door_and_not_inside(build: Any) -> None:
    bench = build(unanswered=1)
    bench.supervisor.add("book", Book)
    await bench.supervisor.start()
    gate = asyncio.Event()
    first = ask(bench, work("BTC", "a", gate))
    await asyncio.sleep(0)
    with pytest.raises(Overloaded, match="book has 1 requests in progress"):
        await ask(bench, Seen())
    inside: list[str] = await bench.supervisor._ask(Seen(), timeout=SAFETY)  # as a coroutine of an actor asks
    assert inside == ["begin a"]
    gate.set()
    assert await first == "opened"
    assert await ask(bench, Seen()) == ["begin a", "end a"]


async def test_while_an_actor_restarts_requests_wait_and_one_too_many_is_told_so(build: Any) -> None:
    ends = asyncio.Event()

    class Stubborn(asyncio.Event):
        async def wait(self) -> Any:
            try:
                await super().wait()
            finally:
                await ends.wait()

    bench = await started(build, "a", inbox=2, stop_seconds=SAFETY)
    bench.supervisor.tell(Await("a", gate=Stubborn()))
    await ask(bench, Name("a"))
    await dies(bench, "a")  # the next life waits for the coroutine of this one
    taken = [ask(bench, Name("a")) for _ in range(2)]
    await asyncio.sleep(0)
    assert bench.supervisor.status() == [ActorStatus("a", alive=False, inbox=2, restarts=0)]
    with pytest.raises(NotReady, match="a is restarting"):
        await ask(bench, Name("a"))
    ends.set()
    assert await asyncio.gather(*taken) == ["a", "a"]


# ticks


class Ticking(Subject):
    tick_seconds = 0.001

    @handles(Tick)
    def tick(self, message: Tick) -> None:
        self.log.append(f"tick {message.at:g}")


async def until_ticked(bench: Any, times: int) -> None:
    """Until the ticker has read the clock so often."""
    enough, reads, now = asyncio.Event(), iter(range(1, times)), bench.clock.now

    def steady() -> float:
        if next(reads, None) is None:
            enough.set()
        return float(now)

    bench.clock.steady = steady
    await asyncio.wait_for(enough.wait(), SAFETY)


async def test_ticks_come_from_the_clock_and_conflate_while_the_actor_is_busy(build: Any, log: list[str]) -> None:
    bench = build()
    bench.supervisor.add("a", Ticking)
    bench.supervisor.add("b", Subject)
    bench.clock.now = 1.0
    await bench.supervisor.start()
    await until_ticked(bench, 3)
    hold, held = await entered(bench, "a")
    bench.clock.now = 2.0
    await until_ticked(bench, 20)
    assert bench.supervisor.status()[0].inbox == 1
    log.clear()
    bench.supervisor._ticker.stop()
    hold.release.set()
    await held
    await ask(bench, Name("a"))
    assert log == ["tick 2"]

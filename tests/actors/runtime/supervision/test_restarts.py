"""Deaths: counted, mended by a next life, and fatal when there are too many."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.limits import Limits
from opentrader.actors.runtime.supervision import restarts
from opentrader.actors.runtime.supervision.restarts import RestartPolicy
from opentrader.errors import InternalError, NotReady, StorageError
from tests.actors.runtime.book import SAFETY, ask
from tests.fakes.subject import Die, Name, Subject, dies, entered, started
from tests.waiting import until


async def test_three_deaths_of_a_vital_actor_within_the_window_are_fatal(build: Any) -> None:
    bench = await vital(build, "a", "b")
    for _ in range(2):
        await dies(bench, "a")
        assert await ask(bench, Name("a")) == "a"
        bench.clock.now += 25
    assert bench.fatal == []
    await dies(bench, "a")
    await bench.until_reported()
    assert bench.fatal == ["actor a crashed 3 times in 60 s"]
    assert bench.restarts() == {"a": 2, "b": 0}
    with pytest.raises(NotReady, match="a crashed and is not restarted"):
        await ask(bench, Name("a"))
    assert await ask(bench, Name("b")) == "b"


async def test_k12_deaths_of_several_actors_do_not_add_up(build: Any) -> None:
    bench = await vital(build, "a", "b", "c")
    for name in ("a", "b", "c", "a", "b", "c"):
        await dies(bench, name)
        assert await ask(bench, Name(name)) == name
    assert bench.fatal == []
    assert bench.restarts() == {"a": 2, "b": 2, "c": 2}


async def test_k12_an_actor_that_keeps_dying_pauses_and_the_daemon_goes_on(build: Any) -> None:
    bench = await started(build, "a", "b", pause_seconds=0.05)
    for _ in range(3):
        await dies(bench, "a")
    await pausing(bench)
    with pytest.raises(NotReady, match="a keeps crashing, last of RuntimeError") as refused:
        await ask(bench, Name("a"))
    assert refused.value.hint.startswith("nothing was done; it starts again in 1 s")
    bench.supervisor.tell(Name("a"))  # who tells it something is not held up by it
    assert await ask(bench, Name("b")) == "b"
    assert bench.fatal == []
    await until(lambda: bench.restarts()["a"] == 3)
    assert await ask(bench, Name("a")) == "a"


async def test_k12_what_waits_for_an_actor_that_keeps_dying_is_refused(build: Any, log: list[str]) -> None:
    bench = await started(build, "a", pause_seconds=3600)
    for _ in range(2):
        await dies(bench, "a")
    hold, held = await entered(bench, "a")
    last, waiting = ask(bench, Die("a")), ask(bench, Name("a"))
    await asyncio.sleep(0)
    hold.release.set()
    await held
    with pytest.raises(InternalError):
        await last
    with pytest.raises(NotReady, match="a keeps crashing"):
        await waiting
    assert log == ["start a"] * 3


async def test_k12_a_member_of_a_family_that_cannot_start_refuses_its_own_key_alone(build: Any) -> None:
    bench = build()

    def factory(context: Context) -> Actor:
        if context.key == "BTC":
            raise KeyError("a listing that is gone")
        return Subject(context)

    bench.supervisor.add_family("f", factory)
    await bench.supervisor.start()
    with pytest.raises(NotReady, match="f/BTC keeps crashing, last of KeyError"):
        await ask(bench, Name("f", "BTC"))
    assert await ask(bench, Name("f", "ETH")) == "f/ETH"
    assert bench.fatal == []


async def test_k12_it_is_found_if_the_deaths_of_several_actors_add_up(
    build: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted = RestartPolicy(Limits())
    monkeypatch.setattr(restarts, "RestartPolicy", lambda limits: counted)
    with pytest.raises(NotReady, match="is not restarted"):
        await test_k12_deaths_of_several_actors_do_not_add_up(build)


def test_pauses_grow_until_a_life_outlasts_the_window() -> None:
    policy, at, pauses = RestartPolicy(Limits()), 1000.0, list[float]()
    for _ in range(12):
        policy.begin(at)
        at += 1
        pauses.append(policy.pause_seconds() if policy.count(at) else 0)
        at += pauses[-1]
    assert pauses == [0, 0, 5, 10, 20, 40, 80, 160, 320, 600, 600, 600]
    policy.begin(at)
    assert not policy.count(at + 61)


async def vital(build: Any, *names: str) -> Any:
    bench = build()
    for name in names:
        bench.supervisor.add(name, Subject, vital=True)
    await bench.supervisor.start()
    return bench


async def pausing(bench: Any) -> None:
    await until(lambda: bench.supervisor.status()[0].pausing)
    assert bench.supervisor.pausing() == (bench.supervisor.status()[0].name,)


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

    bench.supervisor.add("a", factory, vital=True)
    await bench.supervisor.start()
    await dies(bench, "a")
    await bench.until_reported()
    assert bench.fatal == ["actor a crashed 3 times in 60 s"]


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

"""Deaths: counted, mended by a next life, and fatal when there are too many."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.errors import NotReady, StorageError
from tests.actors.runtime.book import SAFETY, ask
from tests.fakes.subject import Name, Subject, dies, started


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

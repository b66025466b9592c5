"""The last events: consecutive ids, a ring of a thousand, and what follows an id that a client has seen."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise

import orjson
import pytest

from opentrader.actors import messages
from opentrader.domain.agents import LogLine
from opentrader.http.events.log import BATCH, CAPACITY, EventLog, frame
from opentrader.http.gateway import Gateway
from tests.fakes.system import FakeSystem
from tests.http.events.event_stream import EMPTY, SIGNAL, STATUS, show, show_signals
from tests.waiting import PATIENCE_SECONDS


@pytest.fixture
async def log(system: FakeSystem) -> AsyncIterator[EventLog]:
    """The log before its task has run for the first time: a test that does not wait calls `update` itself."""
    system.answers.update(EMPTY)
    gateway = Gateway("test", startup_seconds=1, health_seconds=0.01)
    gateway.open(system)
    log = EventLog(gateway, system)
    yield log
    gateway.shut()
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not log.ended:
            await log.wait()


def actions(system: FakeSystem, log: EventLog, count: int, word: str) -> None:
    """One event for each of so many agents."""
    show(system, *[word] * count)
    log.update()


async def test_ids_are_consecutive_and_what_follows_one_is_told_in_order(system: FakeSystem, log: EventLog) -> None:
    first = log.newest
    for word in ("Scan", "Rest", "Sleep"):
        actions(system, log, 1, word)
    events = log.after(first)
    assert [event.id for event in events] == [first + 1, first + 2, first + 3]
    assert [b'"Scan"' in event.text for event in events] == [True, False, False]
    assert log.after(first + 2) == events[2:]
    assert log.after(first + 3) == []


async def test_each_event_is_a_frame_with_its_id(system: FakeSystem, log: EventLog) -> None:
    show_signals(system, SIGNAL)
    log.update()
    (event,) = log.after(log.newest - 1)
    head, name, data = event.text.rstrip().split(b"\n")
    assert (head, name, event.kind) == (b"id: %d" % log.newest, b"event: signal", "signal")
    assert orjson.loads(data.removeprefix(b"data: "))["symbol"] == "ETHUSDT"


async def test_what_did_not_change_makes_no_event(system: FakeSystem, log: EventLog) -> None:
    newest = log.newest
    log.update()
    show_signals(system)
    log.update()
    assert log.newest == newest


async def test_the_ring_reaches_back_a_thousand_events(system: FakeSystem, log: EventLog) -> None:
    first = log.newest
    actions(system, log, CAPACITY, "one")
    assert log.reaches(first)
    actions(system, log, CAPACITY, "two")
    actions(system, log, 1, "three")  # of the agents but one it says that they are gone
    assert log.newest == first + 3 * CAPACITY
    assert (log.reaches(log.newest - 1000), log.reaches(log.newest - 1001)) == (True, False)
    assert (log.reaches(log.newest), log.reaches(log.newest + 1)) == (True, False)


async def test_a_client_far_behind_is_told_in_batches_that_join(system: FakeSystem, log: EventLog) -> None:
    last = log.newest
    actions(system, log, 250, "one")
    sizes, ids = [], [last]
    while batch := log.after(ids[-1]):
        sizes.append(len(batch))
        ids += [event.id for event in batch]
    assert sizes == [BATCH, BATCH, 50]
    assert all(later == earlier + 1 for earlier, later in pairwise(ids))


async def test_an_id_from_before_a_restart_is_not_reached(system: FakeSystem, log: EventLog) -> None:
    actions(system, log, 1, "Scan")
    assert not log.reaches(log.newest - 60_000)


async def test_the_snapshot_is_of_the_last_read_and_has_no_ids(system: FakeSystem, log: EventLog) -> None:
    show(system, "Scan", log=[LogLine(7, "coo", "info", "one")])
    assert log.snapshot(["agent"]) == []
    log.update()
    agent, line = log.snapshot(["agent", "log"])
    assert agent.startswith(b"event: agent\n")
    assert line == b'event: log\ndata: {"ts":7,"agent":"coo","level":"info","message":"one"}\n\n'


async def test_a_halt_keeps_the_time_of_its_beginning(system: FakeSystem, log: EventLog) -> None:
    def since() -> int | None:
        log.update()
        (text,) = log.snapshot(["halt"])
        found: int | None = orjson.loads(text.split(b"data: ")[1])["since"]
        return found

    assert since() is None
    system.answers[messages.StatusOf] = replace(STATUS, halted=True, halt_reason="lunch")
    began = since()
    assert began is not None
    system.answers[messages.StatusOf] = replace(STATUS, halted=True, halt_reason="dinner")
    assert since() == began
    system.answers[messages.StatusOf] = STATUS
    assert since() is None


async def test_a_publication_wakes_who_waits(system: FakeSystem, log: EventLog) -> None:
    newest = log.newest
    async with asyncio.timeout(PATIENCE_SECONDS):
        await system.listening.wait()
        show(system, "Scan")
        await log.wait()
    assert [event.kind for event in log.after(newest)] == ["agent"]


async def test_a_failure_ends_the_log_and_wakes_who_waits(
    system: FakeSystem, log: EventLog, caplog: pytest.LogCaptureFixture
) -> None:
    system.answers[messages.BoardState] = RuntimeError("a mistake")
    async with asyncio.timeout(PATIENCE_SECONDS):
        await log.wait()
    assert log.ended
    assert "the event log failed" in caplog.text


def test_a_frame_keeps_the_time_of_its_row() -> None:
    assert frame("agent", {"agent": "a0", "ts": 5}) == b'event: agent\ndata: {"agent":"a0","ts":5}\n\n'
    assert b'"ts":' in frame("trade", {"id": "T1"})

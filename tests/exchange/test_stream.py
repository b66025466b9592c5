"""A stream that is kept open: what is silent is lost, what is lost is opened again, and its late events are dropped."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from opentrader.domain.trading.exchange import OrderChanged, StreamAlive, StreamLost, Unreachable
from opentrader.exchange import stream
from opentrader.exchange.stream import Stream
from tests.fakes.clock import NOW, StillClock
from tests.waiting import until

ALIVE, LOST = StreamAlive(), StreamLost()


class Opened:
    """What a venue is asked to open: each runs `run` with its `hear`; the last one stays silent."""

    def __init__(self, *runs: Callable[[Any], Any]) -> None:
        self.runs, self.hears = list(runs), list[Any]()

    async def __call__(self, hear: Any, followed: Any) -> None:
        self.hears.append(hear)
        if self.runs:
            self.runs.pop(0)(hear)
            raise Unreachable("it broke")
        await asyncio.Event().wait()


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "AGAIN_SECONDS", 0.0)


async def kept(opened: Any, times: int) -> list[Any]:
    """The events of as many connections."""
    told, kept_open = list[Any](), Stream(opened, StillClock().steady)
    await kept_open.begin(told.append, tuple)
    await until(lambda: told.count(LOST) >= times)
    await kept_open.close()
    return told


async def test_a_stream_that_breaks_is_told_as_lost_and_opened_again() -> None:
    opened = Opened(lambda hear: hear(ALIVE), lambda hear: hear(OrderChanged("BTCUSDT")))
    assert await kept(opened, 2) == [ALIVE, LOST, OrderChanged("BTCUSDT"), LOST]
    assert len(opened.hears) >= 2


async def test_it_tells_since_when_it_is_lost() -> None:
    """A stream that was never open, and one that tells of an order only, count as lost, as for who listens."""
    clock, told = StillClock(), list[Any]()
    seen: list[float | None] = []

    def brief(hear: Any) -> None:
        seen.append(kept_open.lost_since)
        hear(OrderChanged("BTCUSDT"))
        seen.append(kept_open.lost_since)
        hear(ALIVE)
        seen.append(kept_open.lost_since)
        clock.now += 60

    def broken(hear: Any) -> None:
        seen.append(kept_open.lost_since)
        clock.now += 60

    kept_open = Stream(Opened(brief, broken), clock.steady)
    clock.now += 60
    await kept_open.begin(told.append, tuple)
    await until(lambda: told.count(LOST) >= 2)
    assert seen == [NOW, NOW, None, NOW + 120]
    assert kept_open.lost_since == NOW + 120
    await kept_open.close()


async def test_a_silent_stream_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "SILENT_SECONDS", 0.01)
    assert (await kept(Opened(), 2))[:2] == [LOST, LOST]


async def test_what_a_connection_brings_after_its_end_is_not_heard() -> None:
    """An event that was under way would pass a dead stream off as alive."""
    opened, told = Opened(lambda hear: hear(ALIVE)), list[Any]()
    kept_open = Stream(opened, StillClock().steady)
    await kept_open.begin(told.append, tuple)
    await until(lambda: len(opened.hears) == 2)
    opened.hears[0](ALIVE)
    assert told == [ALIVE, LOST]
    opened.hears[1](ALIVE)
    assert told == [ALIVE, LOST, ALIVE]
    await kept_open.close()


async def test_a_stream_that_is_lost_soon_is_opened_less_and_less_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each opening has all read anew that rests."""
    pauses, time, sleep = list[float](), [0.0], asyncio.sleep

    async def slept(seconds: float) -> None:
        pauses.append(seconds)
        time[0] += seconds
        await sleep(0)

    def lasting(seconds: float) -> Callable[[Any], None]:
        def run(hear: Any) -> None:
            time[0] += seconds

        return run

    monkeypatch.setattr(stream, "AGAIN_SECONDS", 5.0)
    monkeypatch.setattr(stream, "SILENT_SECONDS", 1e9)
    monkeypatch.setattr(asyncio.get_running_loop(), "time", lambda: time[0])
    monkeypatch.setattr(asyncio, "sleep", slept)
    opened = Opened(*map(lasting, (1, 1, 1, 1, 1, 1, 61, 1)))
    kept_open = Stream(opened, StillClock().steady)
    await kept_open.begin(lambda event: None, tuple)
    while len(pauses) < 8:
        await sleep(0)
    assert pauses == [5, 10, 20, 40, 60, 60, 5, 10]
    await kept_open.close()


async def test_who_asks_last_is_told() -> None:
    opened, first, second = Opened(), list[Any](), list[Any]()
    kept_open = Stream(opened, StillClock().steady)
    await kept_open.begin(first.append, tuple)
    await until(lambda: len(opened.hears) == 1)
    await kept_open.begin(second.append, tuple)
    await until(lambda: len(opened.hears) == 2)
    for hear in opened.hears:
        hear(ALIVE)
    assert (first, second) == ([], [ALIVE])
    await kept_open.close()


async def test_a_fault_of_the_adapter_is_logged_and_does_not_end_it(caplog: pytest.LogCaptureFixture) -> None:
    def faulty(hear: Any) -> None:
        raise ZeroDivisionError

    assert await kept(Opened(faulty, lambda hear: hear(ALIVE)), 2) == [LOST, ALIVE, LOST]
    assert "ZeroDivisionError" in caplog.text

"""Market time that runs faster than real time: what belongs to the process and the line takes as long as ever."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest

from opentrader.domain.trading.lifecycle import LifecycleSettings
from tests.simulation import market
from tests.simulation.faults.given import CLOSE, ENTRY, scripted
from tests.simulation.simulation import Simulation

SPEEDS = (1.0, 60.0, 3_600.0)
AFTER = 60.0  # seconds in which a daemon does what it has to


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices that stay where they are: no stop and no target is reached, however much market time goes by."""
    monkeypatch.setattr(market, "SIGMA", 0.0)
    monkeypatch.setattr(market, "JUMP", 0.0)


async def seconds_until(simulation: Simulation, holds: Callable[[], Awaitable[bool]]) -> float:
    """Seconds of real time until something holds; as many as are waited for at most if it never does."""
    begun = simulation.loop.time()
    while not await holds() and simulation.loop.time() < begun + AFTER:  # noqa: ASYNC110 (in virtual time)
        await asyncio.sleep(0.25)
    return simulation.loop.time() - begun


@pytest.mark.usefixtures("still")
@pytest.mark.parametrize("speed", SPEEDS)
def test_an_entry_a_protection_and_a_close_take_as_long_as_ever(speed: float) -> None:
    """Behind a line of 300 ms a call, which at the highest speed are 18 minutes of market time."""
    seconds, told = list[float](), list[int]()

    async def act(simulation: Simulation) -> None:
        async def is_protected() -> bool:
            return bool(await simulation.paper.open_lists())

        for message in (ENTRY, CLOSE):
            await asyncio.sleep(AFTER)
            begun = simulation.loop.time()
            told.append((await simulation.request(message)).status)
            seconds.append(simulation.loop.time() - begun)
            if message is ENTRY and await is_protected():
                (order, _) = await simulation.paper.open_orders("SOLUSDT")
                await simulation.paper.cancel("SOLUSDT", order.cid)
                seconds.append(await seconds_until(simulation, is_protected))
        await asyncio.sleep(AFTER)

    simulation = scripted(act, "far", speed=speed)
    assert not simulation.judge.violations
    assert told == [200, 200]
    entry, protection, close = seconds
    assert max(entry, close) <= 2.0, seconds
    assert protection < AFTER, "the exit that the user canceled is replaced once a poll has shown that it is gone"


@pytest.mark.usefixtures("still")
def test_the_run_finds_it_if_these_durations_are_of_market_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(LifecycleSettings, "at_speed", lambda rules, speed: rules)
    with pytest.raises(AssertionError):
        test_an_entry_a_protection_and_a_close_take_as_long_as_ever(3_600.0)


@pytest.mark.usefixtures("still")
def test_as_much_is_asked_of_the_venue_at_every_speed() -> None:
    """But for prices: a stop that trails asks for them at each end of a candle."""

    async def act(simulation: Simulation) -> None:
        for message in (ENTRY, CLOSE, ENTRY, CLOSE):
            await asyncio.sleep(7)
            await simulation.request(message)
        await asyncio.sleep(AFTER)

    calls = [scripted(act, "far", speed=speed).wire.calls for speed in SPEEDS]
    of_prices = {"ticker", "prices"}
    first, *others = ({name: count for name, count in made.items() if name not in of_prices} for made in calls)
    assert first["place"] == 4
    assert others == [first, first]


@pytest.mark.parametrize(
    ("climate", "seed", "hours", "speed"),
    [("mixed", 1, 1.0, 60.0), ("mixed", 1, 0.25, 3_600.0)],
)
def test_no_run_breaks_a_rule(climate: str, seed: int, hours: float, speed: float) -> None:
    """The price of a symbol moves as much in a minute as it else does in an hour, or in days."""
    verdict = Simulation(seed, hours, climate, speed=speed).run()
    assert not verdict.violations
    assert verdict.counts["closed"]

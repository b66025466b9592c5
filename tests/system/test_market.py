"""Market time: as fast as is asked for, and never a jump, whatever the daemon is started with."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from opentrader.clock import SystemClock
from opentrader.config.settings import Settings
from opentrader.research import open_market as look
from opentrader.store import Store
from opentrader.system.market import Market, open_market, shift_key

pytestmark = pytest.mark.usefixtures("bare")
NOW = 1_714_219_200.0
HOUR, DAY = 3600.0, 86_400.0


class Wall:
    """The machine's clock: `now` passes as a test says, and `set_by` is how far a hand has put it since."""

    now, set_by = NOW, 0.0

    def time(self) -> float:
        return self.now + self.set_by

    def steady(self) -> float:
        return self.now - NOW


@pytest.fixture
def wall(monkeypatch: pytest.MonkeyPatch) -> Wall:
    shown = Wall()
    monkeypatch.setattr("opentrader.clock.time.time", shown.time)
    monkeypatch.setattr("opentrader.clock.steady", shown.steady)
    return shown


def settings(**given: Any) -> Settings:
    return Settings(**{"data_dir": "data", "feed": "simulated", **given})


async def no_shift(_now_ms: int) -> int:
    return 0


async def opened(store: Store, speed: float) -> Market:
    return await open_market(settings(speed=speed), store, no_shift)


def test_without_more_words_market_time_is_wall_time(wall: Wall) -> None:
    assert SystemClock().market_ms() == int(NOW * 1000)


@pytest.mark.parametrize("jump", [-HOUR, HOUR, -365 * DAY, 365 * DAY])
def test_a_clock_that_is_set_moves_no_market(wall: Wall, jump: float) -> None:
    """An hour back would put the next look at a bare position off by an hour; ahead, an order would be given up."""
    clock = SystemClock()
    wall.set_by = jump
    assert clock.market_ms() == int(NOW * 1000)
    wall.now += 2.0
    assert (clock.market_ms(), clock.wall()) == (int((NOW + 2) * 1000), NOW + 2 + jump)
    assert SystemClock().market_ms() == int((NOW + 2 + jump) * 1000)


async def test_market_time_leaves_the_wall_at_the_first_start(wall: Wall, store: Store) -> None:
    clock = (await opened(store, 60)).clock
    assert clock.market_ms() == int(NOW * 1000)
    wall.now += HOUR
    assert clock.market_ms() == int((NOW + 60 * HOUR) * 1000)
    assert clock.wall() == NOW + HOUR


async def test_at_the_same_speed_it_is_the_same_after_a_restart(wall: Wall, store: Store) -> None:
    before = (await opened(store, 60)).clock
    wall.now += DAY
    assert (await opened(store, 60)).clock.market_ms() == before.market_ms()


async def test_at_another_speed_it_goes_on_from_where_it_was(wall: Wall, store: Store) -> None:
    at = NOW
    for before, speed in ((1, 60), (60, 1), (1, 0.5), (0.5, 60), (60, 60)):
        await opened(store, before)
        wall.now += DAY
        at += before * DAY
        assert (await opened(store, speed)).clock.market_ms() == int(at * 1000)


async def test_whoever_looks_into_the_folder_has_the_market_time_of_its_daemon(wall: Wall, store: Store) -> None:
    clock = (await opened(store, 60)).clock
    wall.now += DAY
    assert look(settings()).now_ms == clock.market_ms() == int((NOW + 60 * DAY) * 1000)
    store.close()
    assert look(settings(speed=2)).now_ms == clock.market_ms()


async def test_an_instant_that_is_asked_for_comes_first(wall: Wall, store: Store) -> None:
    await opened(store, 60)
    wall.now += DAY
    assert look(settings(at="2024-04-15T12:00Z")).now_ms == 1_713_182_400_000


def test_where_no_daemon_ran_market_time_is_now(wall: Wall) -> None:
    assert look(settings(speed=60)).now_ms == int(NOW * 1000)


def test_recorded_candles_are_the_same_market_however_their_folder_is_spelled(tmp_path: Path) -> None:
    (tmp_path / "candles").mkdir()
    spelled = ("candles", "./candles/", "data/../candles", tmp_path / "candles")
    assert len({shift_key(settings(feed=f"files:{folder}", at="2024-04-15")) for folder in spelled}) == 1

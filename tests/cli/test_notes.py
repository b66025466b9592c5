"""What stderr says beside a table or at a start: whose market it is, and what recorded candles lack."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from opentrader.cli import notes
from opentrader.config.settings import Settings
from opentrader.domain.timeframes import Timeframe
from opentrader.feed.simulated import SimulatedFeed
from opentrader.research import Reading, scan_market
from opentrader.store import Store
from tests.feed.given.candles import write

pytestmark = pytest.mark.usefixtures("own_folder")
END_MS = 1_713_182_400_000  # 2024-04-15T12:00Z


def recorded(pair: str, *timeframes: Timeframe) -> str:
    """The feed of a folder with these files; all candles have closed by 2024-04-15T12:00Z."""
    folder = Path("candles")
    folder.mkdir(exist_ok=True)
    for timeframe in timeframes:
        rows = SimulatedFeed().window(pair, timeframe, END_MS - 40 * 86_400_000, END_MS)
        write(folder, timeframe, rows, pair)
    return f"files:{folder}"


def readings(settings: Settings) -> list[Reading]:
    return scan_market(settings=settings)[1]


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


# --- beside a table -----------------------------------------------------------------------------------------------


def test_the_market_of_a_folder_that_no_daemon_uses_is_named(tmp_path: Path) -> None:
    (line,) = notes.of_readings(Settings(), [])
    assert str(tmp_path / "data") in line
    assert "--data-dir" in line


def test_the_market_of_a_running_daemon_needs_no_words() -> None:
    settings = Settings()
    store = Store.open(settings.data_dir)
    assert notes.of_readings(settings, []) == []
    store.close()
    assert len(notes.of_readings(settings, [])) == 1


def test_an_instant_is_the_same_in_every_folder() -> None:
    assert notes.of_readings(Settings(at="2024-04-15"), []) == []


def test_recorded_candles_that_end_before_now_are_told_with_the_way_out() -> None:
    settings = Settings(feed=recorded("BTCUSDT", "4h", "1d"), watchlist="BTC")
    (line,) = notes.of_readings(settings, readings(settings))
    assert "end at 2024-04-15 12:00 UTC" in line
    assert "--at 2024-04-15T12:00Z" in line


def test_within_the_recorded_candles_there_is_nothing_to_tell() -> None:
    settings = Settings(feed=recorded("BTCUSDT", "4h", "1d"), watchlist="BTC", at="2024-04-15T12:00Z")
    assert notes.of_readings(settings, readings(settings)) == []


def test_a_timeframe_that_is_not_recorded_is_named_by_its_file() -> None:
    settings = Settings(feed=recorded("BTCUSDT", "1d"), watchlist="BTC", at="2024-04-15T12:00Z")
    (line,) = notes.of_readings(settings, readings(settings))
    assert "BTCUSDT-4h.csv" in line
    assert "candles" in line


def test_a_timeframe_is_not_missed_that_is_made_of_a_finer_one() -> None:
    settings = Settings(feed=recorded("BTCUSDT", "4h"), watchlist="BTC", at="2024-04-15T12:00Z")
    assert notes.of_readings(settings, readings(settings)) == []


# --- before a start -----------------------------------------------------------------------------------------------


def test_an_instant_does_nothing_to_the_simulated_market_of_a_daemon() -> None:
    (line,) = notes.of_start(Settings(at="2024-04-15"), END_MS)
    assert line.startswith("--at is ignored")
    assert notes.of_start(Settings(), END_MS) == []


@pytest.mark.parametrize(
    ("at", "now", "told"),
    [
        (None, "2024-04-15T12:00", False),
        (None, "2026-04-15T12:00", True),
        ("2024-04-10", "2026-04-15T12:00", False),  # a Wednesday: now falls on 2024-04-10
        ("2024-04-15", "2026-04-13T11:00", False),  # a Monday: on 2024-04-15 11:00
        ("2024-04-15", "2026-04-15T12:00", True),  # a Wednesday: on 2024-04-17
        ("2020-01-01", "2026-04-15T12:00", True),
    ],
)
def test_a_start_outside_of_the_recorded_candles_is_told(at: str | None, now: str, told: bool) -> None:
    settings = Settings(feed=recorded("BTCUSDT", "4h"), watchlist="BTC", at=at)
    lines = notes.of_start(settings, ms(now))
    assert bool(lines) == told
    assert all("--at" in line for line in lines)


def test_what_cannot_be_looked_at_is_left_to_the_start_itself() -> None:
    assert notes.of_start(Settings(feed="files:nowhere"), END_MS) == []
    assert notes.of_start(Settings(feed=recorded("BTCUSDT", "4h"), watchlist="ETH"), END_MS) == []

"""Recorded candles: what is shown when, and files in every state of damage."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from opentrader.domain.analysis.candles import clean, resample
from opentrader.domain.timeframes import TF_MS, TIMEFRAMES, Timeframe
from opentrader.errors import ConfigError, ExchangeError, SymbolNotFound
from opentrader.feed import recording
from opentrader.feed.files import FileFeed
from tests.feed.given.candles import later, text, write
from tests.feed.given.recorded import T0, WEEK, asked, candles

QUARTER, HOUR, DAY = TF_MS["15m"], TF_MS["1h"], TF_MS["1d"]


# What is shown when


def test_closed_candles_are_shown_as_recorded(tmp_path: Path) -> None:
    rows = candles("4h", 50)
    write(tmp_path, "4h", rows)
    feed = FileFeed(tmp_path)
    assert np.array_equal(asked(feed, "4h", T0 + 50 * 4 * HOUR), rows)
    assert np.array_equal(asked(feed, "4h", T0 + 50 * 4 * HOUR, limit=7), rows[-7:])
    assert len(asked(feed, "4h", T0 + 50 * 4 * HOUR, limit=0)) == 0


@pytest.mark.parametrize("age", [-1, 0, 1, 4 * HOUR - 1, 4 * HOUR, 9 * HOUR, WEEK])
def test_what_is_not_over_is_not_shown(tmp_path: Path, age: int) -> None:
    write(tmp_path, "4h", candles("4h", 20))
    shown = asked(FileFeed(tmp_path), "4h", T0 + age)
    assert len(shown) == max(0, min(20, age // (4 * HOUR)))


def test_the_forming_candle_is_made_of_finer_ones_that_are_over(tmp_path: Path) -> None:
    hours = candles("1h", 8)
    write(tmp_path, "1h", hours)
    write(tmp_path, "4h", candles("4h", 2))
    now = T0 + 6 * HOUR + 59 * 60_000
    shown = asked(FileFeed(tmp_path), "4h", now)
    part = hours[4:6]
    expected = [T0 + 4 * HOUR, part[0, 1], part[:, 2].max(), part[:, 3].min(), part[-1, 4], part[:, 5].sum()]
    assert shown[-1].tolist() == expected
    assert len(clean(shown, "4h", now)) == 1


def test_the_finest_candles_tell_most_of_the_forming_one(tmp_path: Path) -> None:
    write(tmp_path, "1h", candles("1h", 8))
    write(tmp_path, "15m", candles("15m", 32))
    write(tmp_path, "4h", candles("4h", 2))
    shown = asked(FileFeed(tmp_path), "4h", T0 + 5 * HOUR + 50 * 60_000)
    assert shown[-1, 4] == candles("15m", 23)[-1, 4]


def test_a_finer_recording_that_has_ended_gives_way_to_the_next(tmp_path: Path) -> None:
    write(tmp_path, "15m", candles("15m", 4))
    write(tmp_path, "1h", candles("1h", 8))
    write(tmp_path, "4h", candles("4h", 2))
    assert asked(FileFeed(tmp_path), "4h", T0 + 6 * HOUR)[-1, 4] == candles("1h", 6)[-1, 4]


def test_a_forming_candle_with_a_hole_is_not_shown(tmp_path: Path) -> None:
    write(tmp_path, "1h", np.delete(candles("1h", 8), 5, axis=0))
    write(tmp_path, "4h", candles("4h", 2))
    feed = FileFeed(tmp_path)
    assert asked(feed, "4h", T0 + 5 * HOUR)[-1, 0] == T0 + 4 * HOUR
    assert asked(feed, "4h", T0 + 7 * HOUR)[-1, 0] == T0


def test_a_longer_now_never_changes_a_closed_candle(tmp_path: Path) -> None:
    write(tmp_path, "1h", candles("1h", 400))
    feed = FileFeed(tmp_path)
    for timeframe in ("1h", "4h", "1d"):
        whole = asked(feed, timeframe, T0 + WEEK * 10)
        for now in range(T0, T0 + 400 * HOUR, 37 * HOUR):
            closed = clean(asked(feed, timeframe, now), timeframe, now).rows()
            assert np.array_equal(closed, whole[: len(closed)])


def test_a_shift_moves_the_recording_forward(tmp_path: Path) -> None:
    write(tmp_path, "1h", candles("1h", 30))
    still, moved = FileFeed(tmp_path), FileFeed(tmp_path, shift_ms=100 * WEEK)
    for timeframe in TIMEFRAMES:
        now = T0 + 27 * HOUR + 5
        expected = later(asked(still, timeframe, now), 100 * WEEK)
        assert np.array_equal(asked(moved, timeframe, now + 100 * WEEK), expected)


# Resampling


def test_a_timeframe_without_a_file_is_made_of_the_coarsest_finer_one(tmp_path: Path) -> None:
    quarters, hours = candles("15m", 400), candles("1h", 400)
    write(tmp_path, "15m", quarters)
    write(tmp_path, "1h", hours)
    feed, now = FileFeed(tmp_path), T0 + WEEK
    made: tuple[tuple[Timeframe, Timeframe, np.ndarray], ...]
    made = (("4h", "1h", hours), ("1d", "1h", hours), ("30m", "15m", quarters))
    for timeframe, finer, rows in made:
        shown = clean(asked(feed, timeframe, now), timeframe, now)
        expected = clean(resample(clean(rows, finer, None), finer, timeframe), timeframe, now)
        assert np.array_equal(shown.block, expected.block)
        assert len(shown)


def test_weeks_open_on_monday(tmp_path: Path) -> None:
    write(tmp_path, "1d", candles("1d", 30, first=3))
    shown = asked(FileFeed(tmp_path), "1w", T0 + 8 * WEEK)
    assert shown[:, 0].tolist() == [T0 + WEEK, T0 + 2 * WEEK, T0 + 3 * WEEK]
    volume = sum(10 + number % 7 for number in range(7, 14))
    assert shown[0].tolist() == [T0 + WEEK, 107.0, 114.5, 106.75, 114.0, volume]


def test_a_timeframe_finer_than_any_file_is_empty(tmp_path: Path) -> None:
    write(tmp_path, "4h", candles("4h", 20))
    assert asked(FileFeed(tmp_path), "1h", T0 + WEEK).shape == (0, 6)


def test_real_candles_resample_to_the_recorded_ones(shared: Path) -> None:
    recorded = FileFeed(shared / "data")
    now = 1_715_000_000_000
    hours = clean(asked(recorded, "1h", now, limit=4000, pair="ETHUSDT"), "1h", now)
    own = clean(asked(recorded, "4h", now, limit=1000, pair="ETHUSDT"), "4h", now)
    made = resample(hours, "1h", "4h")
    common = np.intersect1d(made.ts, own.ts)
    assert len(common) > 900
    left, right = (c.block[1:5, np.isin(c.ts, common)] for c in (made, own))
    assert np.array_equal(left, right)


# The directory


def test_listings_come_from_the_names_of_the_files(tmp_path: Path) -> None:
    for name in ("BTCUSDT-4h", "ETHBTC-1d", "sol-1h", "notes", "BTCUSDT-3h", "X-Y-4h", "XRP-4h.txt"):
        (tmp_path / f"{name}.csv").write_text(text(candles("4h", 3)))
    (tmp_path / "DOGEUSDT-4h.csv").mkdir()
    listings = FileFeed(tmp_path).listings()
    assert {pair: (one.base, one.quote) for pair, one in listings.items()} == {
        "BTCUSDT": ("BTC", "USDT"),
        "ETHBTC": ("ETH", "BTC"),
        "SOLUSDT": ("SOL", "USDT"),
    }


def test_a_pair_that_is_not_recorded_is_not_found(tmp_path: Path) -> None:
    write(tmp_path, "4h", candles("4h", 3))
    with pytest.raises(SymbolNotFound, match="ETHUSDT"):
        asked(FileFeed(tmp_path), "4h", T0, pair="ETHUSDT")


def test_a_directory_without_candles_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="no file of candles") as error:
        FileFeed(tmp_path)
    assert "SYMBOL-TF.csv" in error.value.hint
    with pytest.raises(ConfigError, match="no such directory"):
        FileFeed(tmp_path / "elsewhere")


def test_a_plain_file_goes_before_a_gzipped_one(tmp_path: Path) -> None:
    write(tmp_path, "4h", candles("4h", 5))
    (tmp_path / "BTCUSDT-4h.csv.gz").write_bytes(b"never read")
    assert len(asked(FileFeed(tmp_path), "4h", T0 + WEEK)) == 5


async def test_a_file_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(tmp_path, "4h", candles("4h", 6))
    read: list[Path] = []

    def content(path: Path, content: Callable[[Path], bytes] = recording._content) -> bytes:
        read.append(path)
        return content(path)

    monkeypatch.setattr(recording, "_content", content)
    feed = FileFeed(tmp_path)
    assert read == []
    requests = [feed.candles("BTCUSDT", tf, limit=5, now_ms=T0 + WEEK) for tf in ("1d", "4h", "4h", "1w", "4h")]
    answers = await asyncio.gather(*requests)
    assert [len(rows) for rows in answers] == [1, 5, 5, 0, 5]
    assert len(read) == 1


# Damage


def test_a_file_that_vanished_is_an_error_until_it_is_back(tmp_path: Path) -> None:
    path = write(tmp_path, "4h", candles("4h", 3))
    feed = FileFeed(tmp_path)
    path.unlink()
    with pytest.raises(ExchangeError, match=r"BTCUSDT-4h\.csv"):
        asked(feed, "4h", T0 + WEEK)
    write(tmp_path, "4h", candles("4h", 3))
    assert len(asked(feed, "4h", T0 + WEEK)) == 3

"""Recorded candles: what is shown when, and files in every state of damage."""

from __future__ import annotations

import asyncio
import gzip
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from opentrader.domain.analysis.candles import clean, resample
from opentrader.domain.timeframes import TF_MS, TIMEFRAMES, Timeframe
from opentrader.errors import ConfigError, ExchangeError, SymbolNotFound
from opentrader.feed import recording
from opentrader.feed.files import FileFeed
from opentrader.feed.recording import HEADER, read_candles
from tests.feed.candles import later, text, write

T0 = 1_704_067_200_000  # 2024-01-01 00:00 UTC, a Monday
QUARTER, HOUR, DAY, WEEK = TF_MS["15m"], TF_MS["1h"], TF_MS["1d"], TF_MS["1w"]


def candles(timeframe: Timeframe, count: int, first: int = 0) -> np.ndarray:
    """A path without repetition, on the timeframe's grid, from candle number `first` after T0."""
    number = first + np.arange(count)
    opened = 100 + number
    ts = T0 + number * float(TF_MS[timeframe])
    return np.column_stack((ts, opened, opened + 1.5, opened - 0.25, opened + 1, 10 + number % 7))


def asked(feed: FileFeed, timeframe: Timeframe, now_ms: int, limit: int = 500, pair: str = "BTCUSDT") -> np.ndarray:
    return asyncio.run(feed.candles(pair, timeframe, limit=limit, now_ms=now_ms))


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


def test_plain_and_gzipped_with_and_without_header_are_the_same(tmp_path: Path) -> None:
    rows = candles("4h", 10)
    path = tmp_path / "BTCUSDT-4h.csv"
    for header in (True, False):
        plain = text(rows, header)
        for content in (plain, plain.replace("\n", "\r\n"), "\ufeff" + plain):
            path.write_bytes(content.encode())
            assert np.array_equal(read_candles(path), rows)
            zipped = path.with_suffix(".csv.gz")
            zipped.write_bytes(gzip.compress(content.encode()))
            assert np.array_equal(read_candles(zipped), rows)


@pytest.mark.parametrize(
    "damaged",
    [
        "garbage",
        "1704081600000,1,2",
        "1704081600000,1,2,0.5,1.5,9,9,9",
        "1704081600000,1,2,x,1.5,9",
        "1704081600000,,2,0.5,1.5,9",
        ",1,2,0.5,1.5,9",
        "nan,1,2,0.5,1.5,9",
        "inf,1,2,0.5,1.5,9",
        "1704081600000,1,2,0.5,-1.5,9",
        "1704081600000,1,2,0.5,inf,9",
        "1704081600000;1;2;0.5;1.5;9",
        "\x00\x00\x00",
        "# a remark",
    ],
)
@pytest.mark.parametrize("place", [1, 4, 9])
def test_a_malformed_row_is_one_that_cleaning_drops(tmp_path: Path, damaged: str, place: int) -> None:
    rows = np.delete(candles("4h", 9), 1, axis=0)  # room for the damaged row's time
    lines = text(rows).splitlines()
    lines.insert(place, damaged)
    (tmp_path / "BTCUSDT-4h.csv").write_text("\n".join(lines))
    cleaned = clean(asked(FileFeed(tmp_path), "4h", T0 + WEEK), "4h", T0 + WEEK)
    assert cleaned.bad_rows == 1
    assert np.array_equal(cleaned.rows(), rows)


def test_order_and_repetition_are_left_to_cleaning(tmp_path: Path) -> None:
    rows = candles("4h", 40)
    corrected = rows[::3] * [1, 2, 2, 2, 2, 2]
    write(tmp_path, "4h", np.vstack((rows[::-1], corrected)))
    cleaned = clean(asked(FileFeed(tmp_path), "4h", T0 + WEEK), "4h", T0 + WEEK).rows()
    rows[::3] = corrected
    assert np.array_equal(cleaned, rows)


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    rows = candles("4h", 4)
    (tmp_path / "BTCUSDT-4h.csv").write_text(text(rows).replace("\n", "\n\n"))
    assert np.array_equal(asked(FileFeed(tmp_path), "4h", T0 + WEEK), rows)


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"", 1),
        (b"\n\n", 1),
        (HEADER.encode() + b"\n", 2),
        (HEADER.encode() + b"\n\n\nabc\ndef\n", 4),
        (b"open,high,low,close\n1,2,3,4\n", 1),
        (b"time,open,high,low,close,volume\n0,1,2,0.5,1.5,9\n", 1),
        (b"<html><body>404</body></html>\n", 1),
        (b"0;1;2;0.5;1.5;9\n14400000;1;2;0.5;1.5;9\n", 1),
        (b"0,1,2\n14400000,1,2\n", 1),
        (bytes(range(256)) * 40, 1),
    ],
)
def test_another_kind_of_file_is_an_error_with_its_line(tmp_path: Path, content: bytes, line: int) -> None:
    path = tmp_path / "BTCUSDT-4h.csv"
    path.write_bytes(content)
    with pytest.raises(ExchangeError) as error:
        asked(FileFeed(tmp_path), "4h", T0)
    assert f"{path}, line {line}" in str(error.value)
    assert error.value.hint


def test_a_broken_archive_is_an_error_with_its_line(tmp_path: Path) -> None:
    path = tmp_path / "BTCUSDT-4h.csv.gz"
    whole = gzip.compress(text(candles("4h", 9000)).encode())
    halved, plain = whole[: len(whole) // 2], text(candles("4h", 9)).encode()
    mistaken, senseless = whole[:-8] + b"\0" * 8, whole[:10] + b"\xff" * 100
    for content in (halved, plain, mistaken, senseless):
        path.write_bytes(content)
        with pytest.raises(ExchangeError, match=r"BTCUSDT-4h.csv.gz, line \d+ or later"):
            asked(FileFeed(tmp_path), "4h", T0)


def test_a_file_that_vanished_is_an_error_until_it_is_back(tmp_path: Path) -> None:
    path = write(tmp_path, "4h", candles("4h", 3))
    feed = FileFeed(tmp_path)
    path.unlink()
    with pytest.raises(ExchangeError, match=r"BTCUSDT-4h\.csv"):
        asked(feed, "4h", T0 + WEEK)
    write(tmp_path, "4h", candles("4h", 3))
    assert len(asked(feed, "4h", T0 + WEEK)) == 3

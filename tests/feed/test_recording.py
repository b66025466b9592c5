"""One file of recorded candles, in every state of damage."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest

from opentrader.errors import ExchangeError
from opentrader.feed.files import FileFeed
from opentrader.feed.recording import HEADER, read_candles
from tests.feed.given.candles import text, write
from tests.feed.given.recorded import T0, WEEK, asked, candles


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
def test_a_malformed_row_is_left_out_and_the_log_says_so(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, damaged: str, place: int
) -> None:
    rows = np.delete(candles("4h", 9), 1, axis=0)  # room for the damaged row's time
    lines = text(rows).splitlines()
    lines.insert(place, damaged)
    (tmp_path / "BTCUSDT-4h.csv").write_text("\n".join(lines))
    assert np.array_equal(asked(FileFeed(tmp_path), "4h", T0 + WEEK), rows)
    assert "BTCUSDT-4h.csv: left out 1 of 9 rows, which are no candles" in caplog.text


def test_a_file_without_one_candle_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "BTCUSDT-4h.csv").write_text("1704081600000,1,2,3,1.5,9\n")
    with pytest.raises(ExchangeError, match=r"BTCUSDT-4h\.csv: none of the 1 rows is a candle"):
        asked(FileFeed(tmp_path), "4h", T0 + WEEK)


def test_order_and_repetition_are_mended(tmp_path: Path) -> None:
    rows = candles("4h", 40)
    corrected = rows[::3] * [1, 2, 2, 2, 2, 2]
    write(tmp_path, "4h", np.vstack((rows[::-1], corrected)))
    rows[::3] = corrected
    assert np.array_equal(asked(FileFeed(tmp_path), "4h", T0 + WEEK), rows)


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

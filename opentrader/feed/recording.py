"""Reading one file of recorded candles."""

from __future__ import annotations

import gzip
import io
import math
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from opentrader.errors import ExchangeError

HEADER = "timestamp_ms,open,high,low,close,volume"
_HINT = f"rows are {HEADER}"
_WIDTH = 6
_CHUNK = 65_536


def read_candles(path: Path) -> NDArray[np.float64]:
    """The rows of a CSV file, plain or gzipped, in file order, shape (n, 6).

    A cell that is not a number is NaN, and so is every cell of a row without six cells; cleaning drops such rows.
    Raises `ExchangeError`, naming file and line, when the file is unreadable, has another format, or has no
    usable row.
    """
    content = _content(path)
    first, _, rest = content.partition(b"\n")
    named = _is_header(path, first)
    rows = _parsed(rest if named else content)
    if not np.isfinite(rows).all(axis=1).any():
        raise _garbled(path, 2 if named else 1, rest if named else content)
    return rows


def _content(path: Path) -> bytes:
    parts: list[bytes] = []
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            while part := file.read(_CHUNK):
                parts.append(part)
    except (OSError, EOFError, zlib.error) as error:
        line = 1 + sum(part.count(b"\n") for part in parts)
        raise ExchangeError(f"{path}, line {line} or later: {error}", hint="is the file whole?") from error
    return b"".join(parts).removeprefix(b"\xef\xbb\xbf")


def _is_header(path: Path, line: bytes) -> bool:
    """Whether the first line is a header; a header must have the column names of the format."""
    cells = line.decode("ascii", "replace").strip().replace(" ", "").lower()
    if not cells or any(math.isfinite(_number(cell)) for cell in line.split(b",")):
        return False
    if cells != HEADER:
        raise ExchangeError(f"{path}, line 1: the columns must be {HEADER}", hint=_HINT)
    return True


def _parsed(content: bytes) -> NDArray[np.float64]:
    """All rows at once if well formed, else one by one."""
    if content.strip():
        try:
            rows = np.loadtxt(io.BytesIO(content), delimiter=",", comments=None, ndmin=2)
        except ValueError:
            rows = np.empty((0, 0))
        if rows.shape[1] == _WIDTH:
            return rows
    cells = [_row(line) for line in content.splitlines() if line.strip()]
    return np.array(cells, dtype=np.float64).reshape(-1, _WIDTH)


def _row(line: bytes) -> list[float]:
    cells = line.split(b",")
    return [_number(cell) for cell in cells] if len(cells) == _WIDTH else [math.nan] * _WIDTH


def _number(cell: bytes) -> float:
    try:
        return float(cell)
    except ValueError:
        return math.nan


def _garbled(path: Path, first_line: int, content: bytes) -> ExchangeError:
    for number, line in enumerate(content.splitlines(), first_line):
        if line.strip():
            return ExchangeError(f"{path}, line {number}: no row of six numbers from here on", hint=_HINT)
    return ExchangeError(f"{path}, line {first_line}: the file holds no candles", hint=_HINT)

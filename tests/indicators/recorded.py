"""Recorded candles and golden results of the folder `shared`."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from opentrader.domain.analysis.candles import Block, Candles
from opentrader.domain.timeframes import TF_MS, Timeframe

TOLERANCE = 1e-9


@cache
def rows(file: Path) -> Block:
    """All candles of one file, (n, 6)."""
    with gzip.open(file) as lines:
        return np.loadtxt(lines, delimiter=",", skiprows=1)


def files(shared: Path) -> list[Path]:
    return sorted((shared / "data").glob("*.csv.gz"))


def candles(file: Path) -> Candles:
    return Candles.of(rows(file).T)


def last_rows(shared: Path, symbol: str, timeframe: Timeframe, now_ms: int, bars: int) -> Block:
    """The last `bars` candles that have ended by `now_ms`."""
    table = rows(shared / "data" / f"{symbol}-{timeframe}.csv.gz")
    return table[table[:, 0] + TF_MS[timeframe] <= now_ms][-bars:]


@cache
def golden(shared: Path, name: str) -> Any:
    with gzip.open(shared / "golden" / f"{name}.json.gz") as text:
        return json.load(text)


def differences(actual: Any, expected: Any, where: str = "") -> list[str]:
    """Where two JSON values differ: floats by more than the tolerance, anything else at all, keys in their order."""
    if isinstance(expected, dict):
        if list(actual) != list(expected):
            return [f"{where}: keys {list(actual)}, expected {list(expected)}"]
        return [line for key in expected for line in differences(actual[key], expected[key], f"{where}.{key}")]
    if isinstance(expected, list):
        if len(actual) != len(expected):
            return [f"{where}: {len(actual)} items, expected {len(expected)}"]
        pairs = enumerate(zip(actual, expected, strict=True))
        return [line for n, pair in pairs for line in differences(*pair, f"{where}[{n}]")]
    if isinstance(expected, float) and type(actual) in {int, float}:
        near = abs(actual - expected) <= TOLERANCE * max(1.0, abs(expected))
    else:
        near = type(actual) is type(expected) and actual == expected
    return [] if near else [f"{where}: {actual!r}, expected {expected!r}"]


def without(record: dict[str, Any], *keys: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key not in keys}

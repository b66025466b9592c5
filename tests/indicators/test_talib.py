"""Equality with TA-Lib, an independent implementation of the same indicators."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import talib
from talib._ta_lib import MA_Type

from opentrader.domain.analysis.candles import Block, Candles
from opentrader.indicators import Indicators, indicator_series
from tests.indicators.recorded import candles, files
from tests.indicators.vector import vector, walk

SIGNAL_KNOWN = 33  # TA-Lib leaves the MACD line out before its signal exists


def reference(c: Candles) -> Any:
    """The sixteen series by TA-Lib, each in the place of its figure in `Indicators`."""
    high, low, close = c.high, c.low, c.close
    macd, signal, hist = talib.MACD(close, 12, 26, 9)
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
    k, d = talib.STOCH(high, low, close, 14, 3, MA_Type.SMA, 3, MA_Type.SMA)
    series = (
        talib.RSI(close, 14),
        talib.ATR(high, low, close, 14),
        talib.ATR(high, low, close, 20),
        talib.ADX(high, low, close, 14),
        talib.PLUS_DI(high, low, close, 14),
        talib.MINUS_DI(high, low, close, 14),
        talib.EMA(close, 20),
        talib.EMA(close, 50),
        macd,
        signal,
        hist,
        lower,
        middle,
        upper,
        k,
        d,
    )
    return Indicators._make(series)


def compare(c: Candles) -> None:
    """1e-9 of the price; ratios to 1e-9. Where TA-Lib has no value yet, neither have we, but for two on purpose."""
    expected, found = reference(c), Indicators(*indicator_series(c))
    scale = 1e-9 * max(1.0, float(c.close.max()))
    for name in Indicators._fields:
        ours, theirs = getattr(found, name), getattr(expected, name)
        first = {"macd": SIGNAL_KNOWN, "stoch_k": 17}.get(name, 0)
        assert np.array_equal(np.isnan(ours[first:]), np.isnan(theirs[first:])), name
        assert np.nanmax(np.abs(ours[first:] - theirs[first:])) <= scale, name


@pytest.mark.parametrize("seed", range(8))
def test_random_walks(seed: int) -> None:
    compare(Candles.of(walk(seed, 700).T))


def test_generated_market() -> None:
    compare(Candles.of(vector().T))


def test_recorded_candles(shared: Path) -> None:
    for file in files(shared):
        compare(candles(file))


def still(bars: int) -> Block:
    """A market that does not move."""
    table = np.full((6, bars), 64.0)
    table[0] = np.arange(bars)
    return table


def test_where_nothing_moves_we_stay_in_the_middle() -> None:
    found = Indicators(*indicator_series(Candles.of(still(60)))[:, -1])
    assert (found.rsi, found.stoch_k, found.stoch_d) == (50, 50, 50)
    assert (found.atr, found.adx, found.plus_di, found.macd_hist) == (0, 0, 0, 0)
    flat = still(60)[4]
    assert (talib.RSI(flat, 14)[-1], talib.STOCH(flat, flat, flat, 14, 3, MA_Type.SMA, 3, MA_Type.SMA)[0][-1]) == (0, 0)


def test_first_values() -> None:
    """Index of the first value of each series."""
    series = Indicators(*indicator_series(Candles.of(walk(1, 120).T)))
    first = Indicators(*(int(np.argmax(~np.isnan(row))) for row in series))
    assert first == Indicators(14, 14, 20, 27, 14, 14, 19, 49, 25, 33, 33, 19, 19, 19, 15, 17)

"""The sixteen series by eleven calls of TA-Lib."""

from __future__ import annotations

import numpy as np
import talib
from numpy.typing import NDArray

Series = NDArray[np.float64]


def sixteen(high: Series, low: Series, close: Series) -> tuple[Series, ...]:
    """In the order of `opentrader.indicators.Indicators`."""
    macd, signal, hist = talib.MACD(close, 12, 26, 9)
    upper, middle, lower = talib.BBANDS(close, 20, 2, 2)
    k, d = talib.STOCH(high, low, close, fastk_period=14, slowk_period=3, slowd_period=3)
    return (
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

"""Compiles every kernel once by calling the functions that use them; numba caches the result on disk."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from opentrader.domain.analysis.candles import Block, Candles
from opentrader.domain.timeframes import TF_MS

from .batch import indicator_series, market_context, mr_signal, trend_result
from .state import AnalysisState


def compile_all(report: Callable[[str], None]) -> None:
    """Call every entry point of the kernels; `report` gets the name of the current one."""
    rows = _ramp(150)
    now_ms = int(rows[-1, 0]) + TF_MS["4h"]
    candles = Candles.of(rows.T)
    for name, call in _calls(candles, now_ms):
        report(name)
        call()


def _calls(candles: Candles, now_ms: int) -> list[tuple[str, Callable[[], object]]]:
    return [
        ("market context", lambda: market_context(candles, candles, htf_tf="4h", mtf_tf="4h", now_ms=now_ms)),
        ("trend", lambda: trend_result(candles, "4h", now_ms=now_ms)),
        ("mean reversion", lambda: mr_signal(candles, "4h", now_ms=now_ms)),
        ("indicator series", lambda: indicator_series(candles)),
        ("living state", lambda: _live(candles, now_ms)),
    ]


def _live(candles: Candles, now_ms: int) -> None:
    state = AnalysisState.of(candles.first(149), "4h", replay=True)
    state.append(*candles.block[:, -1].tolist())
    state.trend_result(now_ms=now_ms)


def _ramp(bars: int) -> Block:
    """Candles of a slow sine; any valid candles would do."""
    close = 100 + np.sin(np.arange(bars) / 7.0)
    opening = np.concatenate(([close[0]], close[:-1]))
    ts = np.arange(bars) * float(TF_MS["4h"])
    high, low = np.maximum(opening, close) + 0.1, np.minimum(opening, close) - 0.1
    return np.stack((ts, opening, high, low, close, np.full(bars, 10.0)), axis=1)

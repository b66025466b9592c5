"""Use the analysis in a script: no daemon, no event loop, no data folder.

    python examples/analysis.py                          # the simulated market at one instant
    python examples/analysis.py BTCUSDT-4h.csv           # your own 4h candles

A file has a line per candle, oldest first: open time in milliseconds, open, high, low, close, volume. The functions of
`opentrader.indicators` are pure: the same candles give the same result, whatever the clock says. The first call
compiles them, which takes some seconds; later runs load the compiled code from the cache.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

from opentrader import Settings, analyze_symbol
from opentrader.indicators import mr_signal, trend_result

SYMBOLS = ("BTC", "ETH", "SOL")
INSTANT = "2024-04-15T12:00Z"


def compare(symbols: tuple[str, ...], instant: str) -> None:
    """The decision for each market, on the feed of the settings."""
    settings = Settings(feed="simulated", at=instant)
    for symbol in symbols:
        context = analyze_symbol(symbol, mtf_tf="4h", htf_tf="1d", settings=settings)
        regimes = f"1d {context.htf.macro_phase}, 4h {context.mtf.regime}"
        print(f"{symbol:<5} {context.priority_decision:<18} {regimes}; {context.no_trade_reason or 'no objection'}")


def examine(path: Path) -> None:
    """The six votes on the trend and the mean-reversion setup at the last candle of a file."""
    rows = np.loadtxt(path, delimiter=",", ndmin=2)
    trend = trend_result(rows, "4h", now_ms=None, symbol=path.stem)
    votes = ", ".join(f"{name} {vote.vote}" for name, vote in trend.indicators.items())
    print(f"{path.stem}: {len(rows)} candles, {trend.trend} ({votes or trend.no_trade_reason})")
    setup = mr_signal(rows, "4h", now_ms=None, symbol=path.stem).to_dict()
    if "reason" in setup:
        print(f"no setup: {setup['reason']}")
    else:
        print(f"{setup['direction']} at {setup['price']}, expected profit {setup['ev']} % of the amount at risk")


if __name__ == "__main__":
    if len(sys.argv) > 1:
        examine(Path(sys.argv[1]))
    else:
        compare(SYMBOLS, INSTANT)

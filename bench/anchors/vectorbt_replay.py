"""vectorbt's `from_signals`, in the environment where it is installed.

    build/vectorbt/bin/python bench/anchors/vectorbt_replay.py FILE

FILE is an .npz with `open`, `high`, `low`, `close`, `long` and `short` (where to enter). Each line on stdin is one run;
the answer is the CPU seconds that it took. Needs nothing of this repository.
"""

from __future__ import annotations

import sys
import time
from typing import Any

import numpy as np
import vectorbt as vbt

STOP, TARGET = 0.03, 0.07


def run(candles: dict[str, Any]) -> float:
    """Seconds from the entries to the orders that they led to."""
    begin = time.process_time()
    portfolio = vbt.Portfolio.from_signals(
        candles["close"],
        candles["long"],
        short_entries=candles["short"],
        open=candles["open"],
        high=candles["high"],
        low=candles["low"],
        sl_stop=STOP,
        tp_stop=TARGET,
        fees=0.001,
        freq="4h",
    )
    took = time.process_time() - begin
    if len(portfolio.order_records) == 0:
        raise AssertionError("nothing was traded")
    return took


if __name__ == "__main__":
    with np.load(sys.argv[1]) as file:
        arrays = dict(file)
    run(arrays)  # compiles
    print("ready", flush=True)
    for _ in sys.stdin:
        print(run(arrays), flush=True)

"""P17: a replay of MR Combined over 100,000 candles against vectorbt, and what has no entry yet."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from bench.candles import walk
from bench.processes.child import ROOT, Child
from bench.row import Figure, Row, Run, absent, at_least
from bench.subject.analysis import Candles, Indicators, indicator_series, mr_signal
from bench.timing import in_turns, times_as_fast

CANDLES = 100_000
REPEATS = 15
VECTORBT = ROOT / "build" / "vectorbt" / "bin" / "python"
ANCHOR = ROOT / "bench" / "anchors" / "vectorbt_replay.py"
MR, PRIORITY, SWEEP = "MR Combined", "the Priority System", "1000 parameter sets, one core against two"


def measure(run: Run) -> Iterator[Figure]:
    if VECTORBT.exists():
        yield _replayed(run)
    else:
        yield absent(MR, at_least(1.2), "vectorbt is not installed: `make build/vectorbt/ready`")
    yield absent(PRIORITY, at_least(1.2), "it cannot be replayed yet")
    yield absent(SWEEP, at_least(1.8), "there is no sweep yet")


def _replayed(run: Run) -> Figure:
    candles = Candles.of(walk(1, CANDLES).T)
    file = run.folder / "candles.npz"
    _save(file, candles)
    run.say("vectorbt compiles")
    with Child((str(ANCHOR), str(file)), run.folder / "vectorbt.log", python=VECTORBT) as vectorbt:
        vectorbt.hear()
        _ours(candles)
        run.say(f"{REPEATS} replays of each")
        found = in_turns({"ours": lambda: _ours(candles), "vectorbt": lambda: _theirs(vectorbt)}, REPEATS)
    return times_as_fast(MR, found["ours"], found["vectorbt"], at_least(1.2))


def _save(file: Path, candles: Candles) -> None:
    """What vectorbt needs. It is given entries: closes beyond a band with an RSI that is as extreme."""
    known = Indicators(*indicator_series(candles))
    np.savez(
        file,
        open=candles.block[1],
        high=candles.high,
        low=candles.low,
        close=candles.close,
        long=(known.rsi < 30) & (candles.close < known.bb_lower),
        short=(known.rsi > 70) & (candles.close > known.bb_upper),
    )


def _ours(candles: Candles) -> float:
    """CPU seconds from the candles to the expected profit of the rule: indicators, setups, trades."""
    begin = time.process_time()
    mr_signal(candles, "4h", now_ms=None)
    return time.process_time() - begin


def _theirs(vectorbt: Child) -> float:
    vectorbt.tell("")
    return float(vectorbt.hear())


ROW = Row(
    "P17",
    what="replay of MR Combined and of the Priority System over 100,000 candles; a sweep of 1000 parameter sets",
    anchor="vectorbt `from_signals` with stop and target",
    target=">= 1.2x per core; sweep linear in cores",
    note="Ours computes indicators and setups as well; vectorbt starts from given entries. CPU time.",
    measure=measure,
)

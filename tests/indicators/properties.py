"""What must hold of any analysis, as functions that raise AssertionError where it does not.

Each takes an engine (see `engines`) and candles, so that the tests can show both: that the product keeps the property,
and that a product with one fault does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from opentrader.domain.analysis.candles import Block, Candles
from opentrader.domain.analysis.parameters import MEAN_REVERSION
from tests.indicators.engines import reversion_reading
from tests.indicators.vector import STEP_MS

HTF, MTF = "1d", "4h"


def answers(engine: Any, rows: Block) -> dict[str, Any]:
    """All three answers at the last bar; the middle timeframe frames itself, so that its labels come into play."""
    context = engine.market_context(rows, rows, htf_tf=MTF, mtf_tf=MTF, now_ms=None).to_dict()
    trend = engine.trend_result(rows, MTF, now_ms=None).to_dict()
    return {"market": context, "trend": trend, "mr": engine.mr_signal(rows, MTF, now_ms=None).to_dict()}


def flat(value: Any, where: str = "") -> dict[str, Any]:
    """A nested answer as one level of named leaves."""
    if isinstance(value, dict | list):
        items = value.items() if isinstance(value, dict) else enumerate(value)
        return {name: leaf for key, part in items for name, leaf in flat(part, f"{where}.{key}").items()}
    return {where: value}


def no_lookahead(engine: Any, rows: Block, cuts: Sequence[int]) -> None:
    """A value at bar i does not change with what follows."""
    whole = engine.indicator_series(Candles.of(rows.T))
    state = engine.AnalysisState(MTF, replay=True)
    for i, row in enumerate(rows.tolist()):
        state.append(*row)
        if i + 1 in cuts:
            part = Candles.of(rows[: i + 1].T)
            assert np.array_equal(engine.indicator_series(part), whole[:, : i + 1], equal_nan=True), i
            assert repr(state.trend_result(now_ms=None)) == repr(engine.trend_result(part, MTF, now_ms=None)), i


PRICES = (
    "atr_val",
    "range_high",
    "range_low",
    "liquidity_level",
    "bos_level",
    "swing_high",
    "swing_low",
    "price",
    "macd_hist",
    "bb_lower",
    "bb_upper",
    "bb_mid",
    "range_support",
    "range_resistance",
    "range_midline",
)


def scales(engine: Any, rows: Block, factor: float, *, exact: bool) -> None:
    """Prices times a factor: the same labels, prices times the factor; to the last bit for a power of two."""
    before, after = flat(answers(engine, rows)), flat(answers(engine, rescaled(rows, factor, 1.0)))
    assert list(before) == list(after)
    for name, value in before.items():
        in_price = name.rsplit(".", 1)[-1] in PRICES and value is not None
        assert same(after[name], value * factor if in_price else value, exact), name


def same(found: Any, expected: Any, exact: bool) -> bool:
    if exact or not isinstance(expected, float) or not isinstance(found, float):
        return bool(found == expected)
    return abs(found - expected) <= 1e-9 * max(1.0, abs(expected))


def rescaled(rows: Block, price: float, volume: float) -> Block:
    return rows * np.array([1.0, price, price, price, price, volume])


def ignores_volume_unit_and_epoch(engine: Any, rows: Block) -> None:
    """Volume in another unit and another beginning of time change nothing but timestamps."""
    before = flat(answers(engine, rows))
    moved = rescaled(rows, 1.0, 8.0)
    moved[:, 0] += 12 * STEP_MS
    after = flat(answers(engine, moved))
    differing = {name.rsplit(".", 1)[-1] for name in before if before[name] != after[name]}
    assert differing <= {"timestamp"}, differing


SWAPS = {
    "up": "down",
    "bull": "bear",
    "low": "high",
    "just_broken_up": "just_broken_down",
    "equal_highs": "equal_lows",
    "uptrend": "downtrend",
    "trade_long": "trade_short",
    "htf_bull_mtf_down": "htf_bear_mtf_up",
    "htf_just_broken_up": "htf_just_broken_down",
    "htf_range_high": "htf_range_low",
    "htf_equal_highs": "htf_equal_lows",
}
MIRRORED = SWAPS | {there: here for here, there in SWAPS.items()}
UNCHANGED = ("atr_val", "adx", "er", "chop", "atr_ratio", "squeeze", "bos_dist_atr", "liquidity_dist_atr")


def upside_down(rows: Block, height: float) -> Block:
    """Every price p as height - p."""
    ts, opening, high, low, close, volume = rows.T
    return np.stack((ts, height - opening, height - low, height - high, height - close, volume), axis=1)


def mirrors(engine: Any, rows: Block, cuts: Sequence[int]) -> None:
    """A market upside down gives the answers upside down; a tie may fall to the other side now and then."""
    height = float(2 ** np.ceil(np.log2(rows[:, 2].max() + 1)))
    other = upside_down(rows, height)
    odd = [cut for cut in cuts if not is_mirrored(engine, rows[:cut], other[:cut])]
    assert len(odd) <= len(cuts) // 1000, odd
    mirrored_oscillators(engine, rows, other)


def is_mirrored(engine: Any, rows: Block, other: Block) -> bool:
    here, there = answers(engine, rows), answers(engine, other)
    layers = [
        (here["market"]["htf"], there["market"]["htf"]),
        (here["market"]["mtf"], there["market"]["mtf"]),
        ({"decision": here["market"]["priority_decision"]}, {"decision": there["market"]["priority_decision"]}),
        (votes(here["trend"]), votes(there["trend"])),
    ]
    return all(layer_mirrored(flat(a), flat(b)) for a, b in layers) and checks_mirrored(engine, rows, other)


def votes(trend: dict[str, Any]) -> dict[str, Any]:
    """Without the one vote that has no mirror image: volume counts, but who rose is who fell."""
    return {"trend": trend["trend"], "regime": trend["regime"]} | trend["indicators"]


def layer_mirrored(here: dict[str, Any], there: dict[str, Any]) -> bool:
    labels = all(there[name] == MIRRORED.get(value, value) for name, value in here.items() if isinstance(value, str))
    numbers = all(
        same(there[name], value, exact=False) for name, value in here.items() if name.rsplit(".", 1)[-1] in UNCHANGED
    )
    return labels and numbers and here.get(".detail.macro_score", 0) == -there.get(".detail.macro_score", 0)


def checks_mirrored(engine: Any, rows: Block, other: Block) -> bool:
    """The buy checklist of one is the sell checklist of the other."""
    at = engine.readings
    a, b = (reversion_reading(engine, Candles.of(table.T)) for table in (rows, other))
    return bool(a[at.BUY] == b[at.SELL] and a[at.SELL] == b[at.BUY] and a[at.SIDE] == -b[at.SIDE])


def mirrored_oscillators(engine: Any, rows: Block, other: Block) -> None:
    a, b = (engine.Indicators(*engine.indicator_series(Candles.of(table.T))) for table in (rows, other))
    for ours, theirs in ((a.rsi, 100 - b.rsi), (a.plus_di, b.minus_di), (a.adx, b.adx), (a.macd_hist, -b.macd_hist)):
        assert np.allclose(ours, theirs, rtol=0, atol=1e-7, equal_nan=True)


def grows_like_a_batch(engine: Any, rows: Block) -> None:
    """Appending gives, to the last bit, what a batch gives."""
    state, series = engine.AnalysisState(MTF), engine.indicator_series(Candles.of(rows.T))
    for i, row in enumerate(rows.tolist()):
        state.append(*row)
        assert np.array_equal(state.indicators, series[:, i], equal_nan=True), i


def replay_is_one_walk(engine: Any, rows: Block) -> None:
    """The replay's record at a bar is that of the trades, found by a slow walk, that a longer replay had closed by
    then."""
    slots = (engine.replay.at.REPLAY_N, engine.replay.at.REPLAY_WINS)
    setups, records = [], []
    state = engine.AnalysisState(MTF, replay=True)
    for row in rows.tolist():
        state.append(*row)
        signal = state.mr_signal(now_ms=None)
        setups.append(signal if signal.reason == "" else None)
        records.append(tuple(state._matrix[-1, slot] for slot in slots))
    trades = walk_trades(rows, setups)
    if not trades:
        raise ValueError("these candles have no trade to test with")
    for bar, record in enumerate(records):
        closed = [won for closed_at, won in trades if closed_at <= bar]
        assert record == (len(closed), sum(closed)), bar


def walk_trades(rows: Block, setups: Sequence[Any]) -> list[tuple[int, bool]]:
    """(exit bar, won) of each trade, walking setup by setup through the whole history."""
    trades, free = [], 0
    for x, signal in enumerate(setups[:-1]):
        if signal is None or x < free:
            continue
        side = 1 if signal.direction == "buy" else -1
        stop = signal.price * (1 - side * signal.sl_pct / 100)
        target = signal.price * (1 + side * signal.tp_pct / 100)
        entry = rows[x + 1, 1]
        if side * (entry - stop) <= 0 or side * (target - entry) <= 0:
            continue
        closing = trade_exit(rows, x, side, entry, stop, target)
        if closing is None:
            break
        trades.append(closing)
        free = closing[0] + 1 + MEAN_REVERSION.cooldown_bars
    return trades


def trade_exit(rows: Block, x: int, side: int, entry: float, stop: float, target: float) -> tuple[int, bool] | None:
    last = x + MEAN_REVERSION.max_hold
    for j in range(x + 1, min(last, len(rows) - 1) + 1):
        _, _, high, low, close, _ = rows[j]
        worst, best = (low, high) if side > 0 else (high, low)
        if side * (worst - stop) <= 0:
            return j, False
        if side * (best - target) >= 0:
            return j, True
        if j == last:
            return j, side * (close - entry) / entry * 100 - MEAN_REVERSION.cost_pct > 0
    return None

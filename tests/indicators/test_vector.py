"""Generated candles whose results are known: they need no file of candles."""

from __future__ import annotations

import json

import pytest

from opentrader.domain.analysis.candles import Candles
from opentrader.indicators import AnalysisState, Indicators, indicator_series, market_context, mr_signal, trend_result
from tests.indicators.recorded import differences
from tests.indicators.results import CUTS, FILE, results
from tests.indicators.vector import vector

ROWS = vector()


def test_candles_are_the_known_ones() -> None:
    assert ROWS[-1].tolist() == [5745600000, 98.5, 101.75, 97.5, 101.0, 759]
    assert ROWS[:, 4].sum() == 48428.0


KNOWN = [
    (140, 151.0, 2.2242759884, 47.46401613, 28.69664337, 152.572211640, -0.7560276571, 150.600384638, 16.33986928),
    (210, 131.125, 2.1587340328, 35.89256130, 48.15418209, 134.071860365, 0.1222702841, 126.530350052, 18.04921805),
    (399, 101.0, 2.4217920978, 47.86277528, 15.40856532, 101.615374944, -0.2191577078, 98.298345991, 29.94030661),
]


@pytest.mark.parametrize(("bar", "close", "atr", "rsi", "adx", "ema", "hist", "lower", "k"), KNOWN)
def test_indicators(
    bar: int, close: float, atr: float, rsi: float, adx: float, ema: float, hist: float, lower: float, k: float
) -> None:
    values = Indicators(*indicator_series(Candles.of(ROWS.T))[:, bar])
    assert ROWS[bar, 4] == close
    found = (values.atr, values.rsi, values.adx, values.ema_fast, values.macd_hist, values.bb_lower, values.stoch_k)
    assert found == pytest.approx((atr, rsi, adx, ema, hist, lower, k), abs=1e-8)


LAYERS = [
    (
        140, ("compression", "up", "none", "none", "bos", 6, 156.75, 11),
        (60.68696720, 0.104166667, 0.878884679, 0.944328944), None,
        ("bull", 100, 3, "high", 157.125, 130.75, "clean", None),
    ),
    (
        210, ("trend", "down", "confirmed", "fresh", "bos", 4, 137.75, 14),
        (49.38910143, 0.407407407, 0.887958879, 2.333173242), 2.783830857,
        ("bear", 100, -2, "low", 153.125, 129.5, "clean", None),
    ),
    (
        399, ("sideway", "down", "quick", "fresh", "choch", 1, 98.875, 1),
        (64.24371086, 0.145098039, 1.086907583, 0.949491482), -0.931543306,
        ("bear", 200, -3, "mid", 109.125, 94.625, "equal_highs", 103.625),
    ),
]  # fmt: skip


@pytest.mark.parametrize(("bar", "labels", "numbers", "distance", "higher"), LAYERS)
def test_layers(bar: int, labels: tuple, numbers: tuple, distance: float | None, higher: tuple) -> None:
    part = ROWS[: bar + 1]
    context = market_context(part, part, htf_tf="1d", mtf_tf="1d", now_ms=None)
    mtf, detail, htf = context.mtf, context.mtf.detail, context.htf
    assert (
        mtf.regime, mtf.trend_direction, mtf.bos_mode, mtf.trend_age, detail.bos_kind, detail.bos_count,
        detail.bos_level, detail.bos_bars_ago,
    ) == labels  # fmt: skip
    assert (detail.chop, detail.er, detail.atr_ratio, detail.squeeze) == pytest.approx(numbers, abs=1e-8)
    assert detail.bos_dist_atr == (None if distance is None else pytest.approx(distance, abs=1e-8))
    assert (
        htf.macro_phase, htf.detail.macro_ma_len, htf.detail.macro_score, htf.range_position, htf.range_high,
        htf.range_low, htf.liquidity_profile, htf.detail.liquidity_level,
    ) == higher  # fmt: skip


def test_decision() -> None:
    context = market_context(ROWS, ROWS, htf_tf="1d", mtf_tf="1d", now_ms=None)
    assert (context.priority_decision, context.no_trade_reason) == ("standby", "mtf_sideway")


@pytest.mark.parametrize(
    ("bar", "votes", "trend", "regime"),
    [
        (140, "WWDWUD", "sideway", "compression"),
        (210, "DDDDDD", "downtrend", "downtrend"),
        (399, "WDWWWW", "sideway", "sideway"),
    ],
)
def test_votes(bar: int, votes: str, trend: str, regime: str) -> None:
    result = trend_result(ROWS[: bar + 1], "4h", now_ms=None)
    letters = {"uptrend": "U", "downtrend": "D", "sideway": "W"}
    assert "".join(letters[found.vote] for found in result.indicators.values()) == votes
    assert (result.trend, result.regime) == (trend, regime)


def test_mean_reversion_setups() -> None:
    bars = [bar for bar in range(200, 400) if mr_signal(ROWS[: bar + 1], "4h", now_ms=None).reason == ""]
    assert bars == [229, 358, 359, 360, 372, 373]
    signal = mr_signal(ROWS[:230], "4h", now_ms=None).to_dict()
    assert (signal["direction"], signal["passed"], signal["confidence"]) == ("buy", 5, 6)
    found = (signal["sl_pct"], signal["tp_pct"], signal["tp2_pct"], signal["ev"], signal["detail"]["p0"])
    assert found == pytest.approx((1.88139589, 5.39499037, 10.48169557, -13.75266180, 0.25856185), abs=1e-8)
    assert signal["detail"]["replay_n"] == 0


def test_results_are_those_of_the_golden_state() -> None:
    assert len(CUTS) == 40
    assert not differences(results(), json.loads(FILE.read_text()))


def test_a_state_that_is_behind_its_frame_refuses() -> None:
    ahead, behind = AnalysisState.of(Candles.of(ROWS.T), "4h"), AnalysisState.of(Candles.of(ROWS[:-1].T), "4h")
    with pytest.raises(ValueError, match="ahead"):
        behind.market_context(ahead, now_ms=None)
    with pytest.raises(ValueError, match="no replay"):
        behind.mr_signal(now_ms=None)

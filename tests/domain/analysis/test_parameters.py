"""The defaults of the analysis fit together."""

from __future__ import annotations

from opentrader.domain.analysis.parameters import ANALYSIS, HISTORY, MEAN_REVERSION, TRAILING


def test_the_history_is_longer_than_what_any_window_needs() -> None:
    assert ANALYSIS.warmup < HISTORY
    assert ANALYSIS.macro_need < HISTORY
    windows = [getattr(ANALYSIS, name) for name in ANALYSIS.__slots__ if name.endswith("_n")]
    assert max(windows) < HISTORY


def test_fast_averages_are_faster_and_thresholds_in_order() -> None:
    assert ANALYSIS.ema_fast < ANALYSIS.ema_slow
    assert ANALYSIS.macd_fast < ANALYSIS.macd_slow
    assert ANALYSIS.vote_rsi_lo < 50 < ANALYSIS.vote_rsi_hi


def test_a_trade_costs_something_and_a_stop_trails_at_a_distance() -> None:
    assert MEAN_REVERSION.cost_pct > 0
    assert all(getattr(TRAILING, name) > 0 for name in TRAILING.__slots__)

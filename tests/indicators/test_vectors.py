"""Parameters reach the kernels by their place in a vector: every one in its own, and every one can be changed."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest

from opentrader.domain.analysis.candles import Candles
from opentrader.domain.analysis.parameters import ANALYSIS, MEAN_REVERSION, Analysis, MeanReversion
from opentrader.indicators import AnalysisState, indicator_series, market_context, mr_signal, trend_result
from opentrader.indicators.kernels import slots as at
from opentrader.indicators.vectors import initial
from tests.indicators.vector import vector, walk

MACRO = ("macro_long", "macro_middle", "macro_short")


def test_every_parameter_has_its_slot() -> None:
    names = [
        name
        for field in (*fields(Analysis), *fields(MeanReversion))
        for name in (MACRO if field.name == "macro_lens" else (field.name,))
    ]
    assert [getattr(at, name.upper()) for name in names] == list(range(at.PARAMETER_END))
    start = initial(ANALYSIS, MEAN_REVERSION)
    for source in (ANALYSIS, MEAN_REVERSION):
        for field in fields(source):
            if field.name != "macro_lens":
                assert start[getattr(at, field.name.upper())] == getattr(source, field.name), field.name
    assert [start[getattr(at, name.upper())] for name in MACRO] == list(ANALYSIS.macro_lens)


OTHER = Analysis(
    rsi_n=9,
    atr_n=10,
    adx_n=11,
    ema_fast=8,
    ema_slow=34,
    macd_fast=8,
    macd_slow=17,
    macd_sig=5,
    bb_n=15,
    bb_k=1.8,
    kc_atr_n=12,
    stoch_n=9,
    stoch_k=2,
    stoch_d=4,
    chop_n=10,
    er_n=12,
    vol_n=15,
    atr_base_n=60,
    pivot_k=2,
    macro_lens=(300, 80, 30),
    liq_look=110,
    don_n=40,
    void_look=50,
    warmup=90,
)
RULE = MeanReversion(range_n=30, min_passed=4, max_hold=20, cooldown_bars=2)


@pytest.mark.parametrize("rows", [vector(bars=700), walk(2, 700)])
def test_a_state_with_other_parameters_is_like_a_batch(rows: np.ndarray) -> None:
    c = Candles.of(rows.T)
    state = AnalysisState("4h", replay=True, parameters=OTHER, rule=RULE)
    series = indicator_series(c, OTHER)
    for i, row in enumerate(rows.tolist()):
        state.append(*row)
        assert np.array_equal(state.indicators, series[:, i], equal_nan=True), i
        if i % 37 == 0 or i == 699:
            part = c.first(i + 1)
            assert state.market_context(state, now_ms=None) == market_context(
                part, part, htf_tf="4h", mtf_tf="4h", now_ms=None, parameters=OTHER
            )
            assert state.trend_result(now_ms=None) == trend_result(part, "4h", now_ms=None, parameters=OTHER)
            signal = mr_signal(part, "4h", now_ms=None, parameters=OTHER, rule=RULE)
            assert state.mr_signal(now_ms=None) == signal


def test_other_parameters_give_other_answers() -> None:
    rows = vector()
    assert trend_result(rows[:95], "4h", now_ms=None).no_trade_reason == "insufficient_data"
    assert trend_result(rows[:95], "4h", now_ms=None, parameters=OTHER).no_trade_reason != "insufficient_data"
    usual, other = (indicator_series(Candles.of(rows.T), p)[:, -1] for p in (ANALYSIS, OTHER))
    assert not np.any(usual == other)

"""The regime: the first that holds, in its order."""

from __future__ import annotations

import math
from typing import Any

import pytest

from opentrader.domain.analysis.candles import Block
from opentrader.indicators.kernels import regime as codes
from opentrader.indicators.kernels import slots as at

BAR = 200


@pytest.fixture
def trending(state: Block) -> Block:
    state[at.ATR], state[at.ADX], state[at.DIRECTION] = 1.0, 30.0, 1.0
    state[at.EMA20], state[at.EMA50] = 102.0, 100.0
    return state


def test_structure_averages_and_close_agree_in_a_trend(kernels: Any, trending: Block) -> None:
    regime_of = kernels("regime").regime_of
    assert regime_of(trending, BAR, 103.0, 1.0, 30.0, 0.5) == codes.TREND
    assert regime_of(trending, BAR, 99.0, 1.0, 30.0, 0.5) == codes.SIDEWAY
    trending[at.BRK_ACTIVE], trending[at.BRK_BAR] = 1.0, BAR - 1
    assert regime_of(trending, BAR, 99.0, 1.0, 30.0, 0.5) == codes.TRANSITION


def test_a_squeeze_comes_before_a_trend_and_chop_before_both(kernels: Any, trending: Block) -> None:
    regime_of = kernels("regime").regime_of
    trending[at.SQUEEZE_BARS] = trending[at.SQZ_MIN_BARS]
    assert regime_of(trending, BAR, 103.0, 0.5, 30.0, 0.5) == codes.COMPRESSION
    trending[at.ADX] = 10.0
    assert regime_of(trending, BAR, 103.0, 2.0, 60.0, 0.1) == codes.VOLATILE_CHOP


def test_without_history_nothing_is_known(kernels: Any, trending: Block) -> None:
    regime_of = kernels("regime").regime_of
    assert regime_of(trending, 5, 103.0, 1.0, 30.0, 0.5) == codes.UNKNOWN
    assert regime_of(trending, BAR, 103.0, math.nan, 30.0, 0.5) == codes.UNKNOWN


def test_a_squeeze_is_measured_against_the_channel(kernels: Any, state: Block) -> None:
    squeeze_of = kernels("regime").squeeze_of
    assert squeeze_of(state, 100.0, 1.0, 2.0) == pytest.approx(state[at.BB_K] / (state[at.KC_K] * 2))
    assert math.isnan(squeeze_of(state, 100.0, 1.0, 0.0))


@pytest.mark.parametrize(("close", "fast", "lean"), [(101.0, 2.0, 1), (99.0, 0.0, -1), (101.0, 0.0, 0)])
def test_where_a_compression_leans(kernels: Any, state: Block, close: float, fast: float, lean: int) -> None:
    state[at.EMA20], state[at.EMA50] = fast, 1.0
    assert kernels("regime").compression_bias(state, close, 100.0) == lean

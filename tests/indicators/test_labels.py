"""Codes of the kernels as words, and NaN as None."""

from __future__ import annotations

import math
from typing import get_args

import pytest

from opentrader.domain.analysis.market import BosMode, LiquidityProfile, RangePosition, Regime, TrendAge
from opentrader.indicators import labels
from opentrader.indicators.kernels import liquidity, macro, regime, structure


@pytest.mark.parametrize(
    ("words", "kind"),
    [
        (labels.REGIMES, Regime),
        (labels.POSITIONS, RangePosition),
        (labels.LIQUIDITY, LiquidityProfile),
        (labels.BOS_MODES, BosMode),
        (labels.TREND_AGES, TrendAge),
    ],
)
def test_every_word_of_a_label_has_one_code(words: tuple[str, ...], kind: object) -> None:
    assert sorted(words) == sorted(get_args(kind))


def test_codes_and_words_stand_in_the_same_order() -> None:
    assert labels.REGIMES[regime.VOLATILE_CHOP] == "volatile_chop"
    assert labels.POSITIONS[macro.JUST_BROKEN_DOWN] == "just_broken_down"
    assert labels.LIQUIDITY[liquidity.VOID] == "void"
    assert labels.BOS_MODES[structure.CONFIRMED] == "confirmed"
    assert labels.DIRECTIONS[-1] == "down"
    assert labels.VOTES[1] == "uptrend"


def test_nan_is_none() -> None:
    assert labels.optional(math.nan) is None
    assert labels.optionals([1.0, math.nan, 0.0]) == [1.0, None, 0.0]

"""The swings and breaks of a chart against the counts and places that the analysis is specified to find."""

from __future__ import annotations

from itertools import pairwise

import pytest

from opentrader.cli.plot.structure import Structure, structure_of
from opentrader.domain.analysis.candles import Candles, clean
from opentrader.indicators import AnalysisState
from tests.indicators.vector import vector


@pytest.fixture(scope="module")
def candles() -> Candles:
    return clean(vector(), "4h", None)


@pytest.fixture(scope="module")
def structure(candles: Candles) -> Structure:
    return structure_of(candles, "4h")


def test_the_walk_is_the_one_of_the_specification() -> None:
    rows = vector()
    assert rows[-1].tolist() == [5745600000, 98.5, 101.75, 97.5, 101.0, 759]
    assert rows[:, 4].sum() == 48428.0


def test_it_has_as_many_swings_and_breaks_as_specified(structure: Structure) -> None:
    assert sum(swing.is_high for swing in structure.swings) == 25
    assert sum(not swing.is_high for swing in structure.swings) == 22
    assert len(structure.breaks) == 22


def test_the_specified_breaks_are_where_they_belong(structure: Structure) -> None:
    found = {(item.bar, item.swing.level, item.kind) for item in structure.breaks}
    assert {(129, 156.75, "bos"), (196, 137.75, "bos"), (398, 98.875, "choch")} <= found


def test_a_swing_is_the_extreme_of_its_neighbours(candles: Candles, structure: Structure) -> None:
    for swing in structure.swings:
        around = slice(max(0, swing.bar - 4), swing.bar + 5)
        extreme = candles.high[around].max() if swing.is_high else candles.low[around].min()
        assert swing.level == extreme


def test_it_agrees_with_the_levels_that_the_analysis_holds(candles: Candles, structure: Structure) -> None:
    state = AnalysisState("4h")
    highs, lows = ({swing.level for swing in structure.swings if swing.is_high is side} for side in (True, False))
    for row in candles.rows().tolist():
        state.append(*row)
        detail = state.market_context(AnalysisState("1d"), now_ms=None).mtf.detail
        assert detail.swing_high is None or detail.swing_high in highs
        assert detail.swing_low is None or detail.swing_low in lows


def test_a_break_closes_beyond_a_swing_that_was_known(candles: Candles, structure: Structure) -> None:
    for item in structure.breaks:
        assert item.swing.bar + 4 <= item.bar
        assert (candles.close[item.bar] > item.swing.level) == item.is_up


def test_nothing_is_redrawn_when_candles_arrive(candles: Candles, structure: Structure) -> None:
    earlier = structure_of(candles.first(300), "4h")
    assert earlier.swings == structure.swings[: len(earlier.swings)]
    assert earlier.breaks == structure.breaks[: len(earlier.breaks)]


def test_labels_compare_each_swing_with_the_one_before_on_its_side(structure: Structure) -> None:
    highs = [swing for swing in structure.swings if swing.is_high]
    assert highs[0].label == ""
    for before, swing in pairwise(highs):
        assert swing.label == ("HH" if swing.level > before.level else "LH" if swing.level < before.level else "EH")

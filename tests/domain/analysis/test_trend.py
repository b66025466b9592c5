"""Six votes and what they add up to."""

from __future__ import annotations

import pytest

from opentrader.domain.analysis.market import Regime
from opentrader.domain.analysis.trend import Score, Trend, TrendRegime, Vote, majority, spelled, tally

UP, DOWN, SIDE = "uptrend", "downtrend", "sideway"


def test_votes_are_counted() -> None:
    votes: tuple[Vote, ...] = ("uptrend", "sideway", "uptrend", "downtrend", "uptrend", "sideway")
    assert tally(votes) == Score(3, 1, 2)
    assert tally(()).to_dict() == {"uptrend": 0, "downtrend": 0, "sideway": 0}


@pytest.mark.parametrize(
    ("score", "trend"),
    [
        (Score(3, 1, 2), UP),
        (Score(1, 3, 2), DOWN),
        (Score(3, 2, 1), SIDE),  # no margin
        (Score(2, 0, 4), SIDE),  # too few
        (Score(0, 0, 6), SIDE),
    ],
)
def test_a_side_needs_votes_and_a_margin(score: Score, trend: Trend) -> None:
    assert majority(score, least=3, margin=2) == trend


@pytest.mark.parametrize(
    ("regime", "direction", "trend", "wanted"),
    [
        ("trend", 1, UP, UP),
        ("trend", -1, DOWN, DOWN),
        ("trend", 1, SIDE, UP),
        ("trend", 1, DOWN, "transition"),
        ("trend", -1, UP, "transition"),
        ("compression", 1, UP, "compression"),
    ],
)
def test_a_trend_is_spelled_as_its_direction(regime: Regime, direction: int, trend: Trend, wanted: TrendRegime) -> None:
    assert spelled(regime, direction, trend) == wanted

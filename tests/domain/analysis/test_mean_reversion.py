"""What a setup may be expected to earn: the formula, worked out by hand, and its limits."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.analysis.mean_reversion import Bracket, Replay, prospect
from opentrader.domain.analysis.parameters import MEAN_REVERSION, MeanReversion

HALF = Bracket(2.0, 4.0, 2.0, 3.0)
COST = MEAN_REVERSION.cost_pct


def test_without_history_the_odds_are_those_of_a_random_walk_and_ev_is_the_cost() -> None:
    found = prospect(HALF, 5, "sideway", Replay(0, 0, 0.0))
    assert (found.detail.p0, found.detail.edge, found.detail.win_prob) == (
        pytest.approx(1 / 3),
        0,
        pytest.approx(1 / 3),
    )
    assert found.ev == pytest.approx(-100 * COST / (2.0 + COST))
    assert not found.gate_ok


def test_an_excess_is_shrunk_by_imaginary_trades() -> None:
    found = prospect(HALF, 5, "trend", Replay(30, 15, 5.0))
    edge = 5.0 / (30 + MEAN_REVERSION.prior_n)
    assert found.detail.edge == pytest.approx(edge)
    p, gain, risk = 1 / 3 + edge, 4.0 - COST, 2.0 + COST
    assert found.ev == pytest.approx(100 * (p * gain - (1 - p) * risk) / risk)


def test_confidence_counts_checks_proof_regime_and_reward() -> None:
    proven, none = Replay(10, 9, 4.0), Replay(9, 9, 4.0)
    assert prospect(HALF, 5, "trend", none).confidence == 5 + (HALF.tp_pct - COST >= 1.5 * (HALF.sl_pct + COST))
    assert prospect(HALF, 5, "sideway", proven).confidence == prospect(HALF, 5, "trend", none).confidence + 2
    assert prospect(HALF, 10, "sideway", proven).confidence == 10


@given(st.floats(0.1, 20), st.floats(0.1, 40), st.integers(0, 7), st.integers(0, 500), st.floats(-500, 500))
def test_a_probability_stays_one(sl: float, tp: float, passed: int, trades: int, excess: float) -> None:
    found = prospect(Bracket(sl, tp, tp, tp), passed, "sideway", Replay(trades, 0, excess))
    assert 0 < found.detail.win_prob <= 0.99
    assert 0 <= found.confidence <= 10


def test_the_gate_is_a_matter_of_parameters() -> None:
    replay = Replay(200, 150, 60.0)
    assert prospect(HALF, 7, "sideway", replay).gate_ok
    assert not prospect(HALF, 7, "sideway", replay, MeanReversion(ev_gate=10_000)).gate_ok

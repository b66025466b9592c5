"""The properties hold, on many seeds; and each check notices one planted fault, in a plain-Python copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from opentrader.domain.analysis.mean_reversion import Bracket, Replay, prospect
from opentrader.domain.analysis.parameters import MeanReversion
from tests.indicators import engines
from tests.indicators.properties import (
    answers,
    grows_like_a_batch,
    ignores_volume_unit_and_epoch,
    mirrors,
    no_lookahead,
    replay_is_one_walk,
    scales,
)
from tests.indicators.vector import vector, walk

PRODUCT = engines.compiled()
SEEDS = st.integers(0, 2**32 - 1)


@pytest.fixture
def faulty() -> Iterator[Any]:
    """A copy of the analysis to plant a fault in."""
    return engines.plain()


def noticed(check: Callable[[Any], None], faulty: Any) -> None:
    """The product passes the check, the copy with the fault does not."""
    check(PRODUCT)
    with pytest.raises(AssertionError):
        check(faulty)


def test_plain_python_gives_the_same_answers() -> None:
    rows, plain = walk(21, 260), engines.plain()
    assert answers(plain, rows) == answers(PRODUCT, rows)
    assert PRODUCT.analysis.follow is not plain.analysis.follow
    grows_like_a_batch(plain, rows[:150])


@given(SEEDS)
@settings(max_examples=20)
def test_a_value_never_changes_afterwards(seed: int) -> None:
    no_lookahead(PRODUCT, walk(seed, 400), range(100, 400, 23))


def test_a_look_ahead_of_one_bar_is_noticed(faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = faulty.indicators.true_range
    monkeypatch.setattr(faulty.indicators, "true_range", lambda x, i: honest(x, min(i + 1, x.shape[1] - 1)))
    noticed(lambda engine: no_lookahead(engine, walk(1, 160), (130, 150)), faulty)


@given(SEEDS, st.integers(-6, 12))
@settings(max_examples=40)
def test_scale_by_a_power_of_two_is_exact(seed: int, power: int) -> None:
    scales(PRODUCT, walk(seed, 300), 2.0**power, exact=True)


@given(SEEDS, st.floats(1e-3, 1e3))
@settings(max_examples=40)
def test_scale_by_anything_keeps_labels(seed: int, factor: float) -> None:
    scales(PRODUCT, walk(seed, 300, grid=2.0**40), factor, exact=False)


def test_a_distance_in_price_units_is_noticed(faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = faulty.indicators.true_range
    monkeypatch.setattr(faulty.indicators, "true_range", lambda x, i: max(honest(x, i), 0.5))
    noticed(lambda engine: scales(engine, walk(1, 160), 2.0**-6, exact=True), faulty)


@given(SEEDS)
@settings(max_examples=40)
def test_volume_unit_and_epoch_do_not_matter(seed: int) -> None:
    ignores_volume_unit_and_epoch(PRODUCT, walk(seed, 300))


def test_an_amount_of_volume_is_noticed(faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    honest = faulty.votes.volume_balance
    monkeypatch.setattr(faulty.votes, "volume_balance", lambda x, i, n: honest(x, i, n) + (x[5, i] > 1000))
    rows = walk(2, 160)
    rows[-1, 5] = 900
    noticed(lambda engine: ignores_volume_unit_and_epoch(engine, rows), faulty)


@given(SEEDS)
@settings(max_examples=20)
def test_upside_down(seed: int) -> None:
    mirrors(PRODUCT, walk(seed, 400), range(130, 400, 11))


def test_upside_down_at_every_bar() -> None:
    mirrors(PRODUCT, vector(), range(1, 401))


def test_a_lopsided_rule_is_noticed(faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(faulty.macro, "beyond", lambda x, dead: int(x > dead) - int(x < -3 * dead))
    noticed(lambda engine: mirrors(engine, vector()[:260], (150, 180, 200, 230, 260)), faulty)


@given(SEEDS)
@settings(max_examples=20)
def test_growing_is_like_a_batch(seed: int) -> None:
    grows_like_a_batch(PRODUCT, walk(seed, 500))


def test_a_sum_in_another_order_is_noticed(faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def newest_first(x: Any, row: int, i: int, n: int) -> float:
        return sum(x[row, i - n + 1 : i + 1][::-1].tolist()) / n

    rows = walk(1, 200)
    rows[:, 1:5] /= 3  # sums of these are rounded, so their order matters
    monkeypatch.setattr(faulty.analysis, "mean", newest_first)
    noticed(lambda engine: grows_like_a_batch(engine, rows), faulty)


@pytest.mark.parametrize("seed", [20260427, 4, 8, 15])
def test_the_replay_is_one_walk(seed: int) -> None:
    replay_is_one_walk(PRODUCT, vector(seed, 1500))


def test_a_target_before_the_stop_is_noticed(faulty: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def hopeful(s: Any, bar: int, x: Any, i: int) -> int:
        won = s[faulty.replay.at.TRADE_SIDE] * (x[4, i] - s[faulty.replay.at.TRADE_ENTRY]) > 0
        return faulty.replay.WON if won else honest(s, bar, x, i)

    honest = faulty.replay.outcome_at
    monkeypatch.setattr(faulty.replay, "outcome_at", hopeful)
    noticed(lambda engine: replay_is_one_walk(engine, vector(4, 600)), faulty)


def unproven_rules_lose(prospect: Any, rule: MeanReversion, sl_pct: float, ratio: float, passed: int) -> None:
    """With no trade in the replay the expectation is negative."""
    bracket = Bracket(sl_pct, sl_pct * ratio, sl_pct * ratio, sl_pct * ratio)
    outlook = prospect(bracket, passed, "sideway", Replay(0, 0, 0.0), rule)
    assert outlook.ev < 0
    assert not outlook.gate_ok


@given(st.floats(0.3, 6), st.floats(1, 20), st.integers(5, 7))
def test_ev_is_negative_without_history(sl_pct: float, ratio: float, passed: int) -> None:
    unproven_rules_lose(prospect, MeanReversion(), sl_pct, ratio, passed)


def test_costs_of_the_wrong_sign_are_noticed() -> None:
    unproven_rules_lose(prospect, MeanReversion(), 2.0, 2.0, 5)
    with pytest.raises(AssertionError):
        unproven_rules_lose(prospect, MeanReversion(fee_pct=-0.05, slip_pct=0.0), 2.0, 2.0, 5)

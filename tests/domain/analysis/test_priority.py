"""The seven levels: exhaustive, since their facts are finite."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, get_args

import pytest

from opentrader.domain.analysis import priority
from opentrader.domain.analysis.market import BosMode, LiquidityProfile, MacroPhase, RangePosition, Regime, TrendAge
from opentrader.domain.analysis.priority import PASS, Decision, MarketFacts, decide

NAMES = (
    "data_and_chop",
    "compression",
    "htf_mtf_conflict",
    "htf_location",
    "mtf_regime",
    "bos_and_age",
    "alignment",
)
LONG = MarketFacts("", "trend", 1, "bull", "mid", "clean", "confirmed", "fresh")
QUALITY, DIRECTIONS = ("", "stale_data"), (-1, 0, 1)
LABELS = [get_args(label) for label in (MacroPhase, RangePosition, LiquidityProfile, BosMode, TrendAge)]
EVERY = [MarketFacts(*facts) for facts in product(QUALITY, get_args(Regime), DIRECTIONS, *LABELS)]

SWAPS = {
    "bull": "bear",
    "low": "high",
    "just_broken_up": "just_broken_down",
    "equal_highs": "equal_lows",
    "trade_long": "trade_short",
    "htf_bull_mtf_down": "htf_bear_mtf_up",
    "htf_just_broken_down": "htf_just_broken_up",
    "htf_range_high": "htf_range_low",
    "htf_equal_highs": "htf_equal_lows",
}
MIRRORED = SWAPS | {there: here for here, there in SWAPS.items()}


def mirror(facts: MarketFacts) -> MarketFacts:
    words = [MIRRORED.get(word, word) if isinstance(word, str) else -word for word in facts]
    return MarketFacts(*words)  # type: ignore[arg-type]  # each word's mirror is of the same literal


def mirrors(ask: Callable[[MarketFacts], Decision]) -> None:
    for facts in EVERY:
        here, there = ask(facts), ask(mirror(facts))
        assert there.decision == MIRRORED.get(here.decision, here.decision), facts
        assert there.reason == MIRRORED.get(here.reason, here.reason), facts


def test_upside_down_facts_give_the_decision_upside_down() -> None:
    mirrors(decide)


def test_a_lopsided_level_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def only_longs(facts: MarketFacts) -> Any:
        return PASS if facts.direction < 0 else priority.htf_location(facts)

    levels = [only_longs if level is priority.htf_location else level for level in priority.LEVELS]
    monkeypatch.setattr(priority, "LEVELS", tuple(levels))
    with pytest.raises(AssertionError):
        mirrors(decide.__wrapped__)


def first_block_decides(ask: Callable[[MarketFacts], Decision]) -> None:
    for facts in EVERY:
        decision = ask(facts)
        blocks = [entry for entry in decision.trace if entry.verdict == "block"]
        deciding = blocks[0] if blocks else decision.trace[-1]
        assert (deciding.decision, deciding.reason) == (decision.decision, decision.reason), facts


def test_the_first_block_decides() -> None:
    first_block_decides(decide)


def test_a_later_block_that_decides_is_noticed() -> None:
    def last_block(facts: MarketFacts) -> Decision:
        honest = decide(facts)
        last = next((entry for entry in honest.trace[::-1] if entry.verdict == "block"), honest.trace[-1])
        return Decision(last.decision, last.reason, honest.trace)  # type: ignore[arg-type]  # an entry's words are a decision's

    with pytest.raises(AssertionError):
        first_block_decides(last_block)


def test_a_trade_needs_everything() -> None:
    for facts in EVERY:
        if decide(facts).decision.startswith("trade_"):
            assert (facts.regime, facts.quality) == ("trend", "")
            assert facts.bos_mode != "none"
            assert facts.trend_age != "extended"
            assert facts.liquidity != "void"
            assert decide(facts).decision == ("trade_long" if facts.direction > 0 else "trade_short")


def test_every_level_has_its_entry() -> None:
    for facts in EVERY:
        trace = decide(facts).trace
        assert [(entry.level, entry.name) for entry in trace] == list(enumerate(NAMES, 1))
        skipped = [entry.level for entry in trace if entry.verdict == "skipped"]
        assert skipped == (list(range(2, 8)) if facts.quality else [])
        assert all(entry.decision == entry.reason == "" for entry in trace[:6] if entry.verdict != "block")


RULES = [
    (LONG, "trade_long", ""),
    (LONG._replace(quality="flat_market"), "no_trade", "flat_market"),
    (LONG._replace(regime="volatile_chop"), "no_trade", "volatile_chop"),
    (LONG._replace(regime="compression"), "no_trade", "compression"),
    (LONG._replace(macro="bear"), "watch_regime_shift", "htf_bear_mtf_up"),
    (LONG._replace(macro="bear", regime="sideway"), "standby", "mtf_sideway"),
    (LONG._replace(position="unknown"), "standby", "htf_range_unknown"),
    (LONG._replace(position="just_broken_down"), "standby", "htf_just_broken_down"),
    (LONG._replace(position="high"), "standby", "htf_range_high"),
    (LONG._replace(liquidity="equal_highs"), "standby", "htf_equal_highs"),
    (LONG._replace(liquidity="equal_lows"), "trade_long", ""),
    (LONG._replace(liquidity="void"), "standby", "htf_liquidity_void"),
    (LONG._replace(direction=0, position="unknown"), "standby", "no_alignment"),
    (LONG._replace(regime="transition"), "standby", "mtf_transition"),
    (LONG._replace(bos_mode="none", trend_age="none"), "standby", "no_bos"),
    (LONG._replace(trend_age="extended"), "standby", "trend_extended"),
    (LONG._replace(bos_mode="quick"), "trade_long", ""),
    (LONG._replace(bos_mode="quick", macro="range", position="low"), "standby", "quick_bos_unaligned"),
    (LONG._replace(macro="range", position="low"), "trade_long", ""),
    (LONG._replace(macro="range", position="just_broken_up"), "trade_long", ""),
    (LONG._replace(macro="range"), "standby", "no_alignment"),
]


@pytest.mark.parametrize(("facts", "decision", "reason"), RULES)
def test_rules(facts: MarketFacts, decision: str, reason: str) -> None:
    assert decide(facts)[:2] == (decision, reason)

"""The Priority System: seven levels between an analysis and a trade.

Every level is a pure function from the facts to a verdict. The first level that blocks gives the decision and its
reason; if none blocks, the seventh gives the trade. The facts are finite labels, so results are cached.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from .market import (
    BosMode,
    LiquidityProfile,
    MacroPhase,
    PriorityDecision,
    RangePosition,
    Regime,
    TraceEntry,
    TrendAge,
)


class MarketFacts(NamedTuple):
    """The input of the seven levels; `quality` is "" when the data can be trusted, `direction` is -1, 0 or 1."""

    quality: str
    regime: Regime
    direction: int
    macro: MacroPhase
    position: RangePosition
    liquidity: LiquidityProfile
    bos_mode: BosMode
    trend_age: TrendAge


class Decision(NamedTuple):
    """The decision, the reason not to trade ("" for a trade), and the trace of all seven levels."""

    decision: PriorityDecision
    reason: str
    trace: tuple[TraceEntry, ...]


class Verdict(NamedTuple):
    blocks: bool
    decision: PriorityDecision | None = None
    reason: str = ""


PASS = Verdict(blocks=False)


def _block(decision: PriorityDecision, reason: str) -> Verdict:
    return Verdict(True, decision, reason)


def _first(decision: PriorityDecision, rows: tuple[tuple[bool, str], ...]) -> Verdict:
    """Block with the reason of the first row that holds."""
    return next((_block(decision, reason) for holds, reason in rows if holds), PASS)


def data_and_chop(f: MarketFacts) -> Verdict:
    return _first("no_trade", ((f.quality != "", f.quality), (f.regime == "volatile_chop", "volatile_chop")))


def compression(f: MarketFacts) -> Verdict:
    return _first("no_trade", ((f.regime == "compression", "compression"),))


def htf_mtf_conflict(f: MarketFacts) -> Verdict:
    moving = f.regime in ("trend", "transition")
    return _first(
        "watch_regime_shift",
        (
            (moving and f.macro == "bull" and f.direction < 0, "htf_bull_mtf_down"),
            (moving and f.macro == "bear" and f.direction > 0, "htf_bear_mtf_up"),
        ),
    )


def htf_location(f: MarketFacts) -> Verdict:
    if f.direction == 0:
        return PASS
    up, down = f.direction > 0, f.direction < 0
    return _first(
        "standby",
        (
            (f.position == "unknown", "htf_range_unknown"),
            (up and f.position == "just_broken_down", "htf_just_broken_down"),
            (down and f.position == "just_broken_up", "htf_just_broken_up"),
            (up and f.position == "high", "htf_range_high"),
            (down and f.position == "low", "htf_range_low"),
            (up and f.liquidity == "equal_highs", "htf_equal_highs"),
            (down and f.liquidity == "equal_lows", "htf_equal_lows"),
            (f.liquidity == "void", "htf_liquidity_void"),
        ),
    )


def mtf_regime(f: MarketFacts) -> Verdict:
    return _first("standby", ((f.regime != "trend", f"mtf_{f.regime}"),))


def bos_and_age(f: MarketFacts) -> Verdict:
    aligned = (f.direction > 0 and f.macro == "bull") or (f.direction < 0 and f.macro == "bear")
    return _first(
        "standby",
        (
            (f.bos_mode == "none", "no_bos"),
            (f.trend_age == "extended", "trend_extended"),
            (f.bos_mode == "quick" and not aligned, "quick_bos_unaligned"),
        ),
    )


def alignment(f: MarketFacts) -> Verdict:
    cheap = f.macro == "range" and f.position in ("low", "just_broken_up")
    dear = f.macro == "range" and f.position in ("high", "just_broken_down")
    if f.direction > 0 and (f.macro == "bull" or cheap):
        return Verdict(False, "trade_long")
    if f.direction < 0 and (f.macro == "bear" or dear):
        return Verdict(False, "trade_short")
    return _block("standby", "no_alignment")


LEVELS: tuple[Callable[[MarketFacts], Verdict], ...] = (
    data_and_chop,
    compression,
    htf_mtf_conflict,
    htf_location,
    mtf_regime,
    bos_and_age,
    alignment,
)


@cache
def decide(facts: MarketFacts) -> Decision:
    """Evaluate all seven levels; with bad data, all but the first are `skipped` in the trace."""
    verdicts = [level(facts) for level in LEVELS]
    deciding = next((v for v in verdicts if v.blocks), verdicts[-1])
    assert deciding.decision is not None  # every block has a decision, and so has a passing seventh level
    asked = 1 if facts.quality else len(LEVELS)
    trace = tuple(_entry(n, verdict, skipped=n > asked) for n, verdict in enumerate(verdicts, 1))
    return Decision(deciding.decision, deciding.reason, trace)


def _entry(level: int, verdict: Verdict, *, skipped: bool) -> TraceEntry:
    name = LEVELS[level - 1].__name__
    if skipped:
        return TraceEntry(level, name, "skipped", "", "")
    return TraceEntry(level, name, "block" if verdict.blocks else "pass", verdict.decision or "", verdict.reason)

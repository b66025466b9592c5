"""Swings and breaks of a whole history, each at the bar at which it became known: no look-ahead."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

from opentrader.domain.analysis.candles import Block, Candles
from opentrader.domain.analysis.market import BosKind, MtfLayer
from opentrader.domain.analysis.parameters import ANALYSIS
from opentrader.domain.timeframes import Timeframe
from opentrader.indicators import AnalysisState


@dataclass(frozen=True, slots=True)
class Swing:
    """A confirmed pivot; `bar` is the turning point, `label` compares it with the previous pivot of its side."""

    bar: int
    level: float
    is_high: bool
    label: str = ""


@dataclass(frozen=True, slots=True)
class Break:
    """A close through the level of a swing."""

    bar: int
    swing: Swing
    kind: BosKind

    @property
    def is_up(self) -> bool:
        return self.swing.is_high


class Structure(NamedTuple):
    swings: list[Swing]
    breaks: list[Break]


def structure_of(candles: Candles, timeframe: Timeframe) -> Structure:
    """Every swing and every break, oldest first, bars counted from the first candle."""
    swings: list[Swing] = []
    breaks: list[Break] = []
    for bar, mtf in enumerate(_layers(candles, timeframe)):
        swings += _confirmed(candles, bar - ANALYSIS.pivot_k, mtf.atr_val, swings)
        if mtf.detail.bos_bars_ago == 0 and mtf.detail.bos_kind is not None:
            breaks.append(Break(bar, _broken(candles, bar, mtf.detail.bos_level, swings), mtf.detail.bos_kind))
    return Structure(_labelled(swings), breaks)


def _layers(candles: Candles, timeframe: Timeframe) -> Iterator[MtfLayer]:
    """The analysis at each bar."""
    state, nothing = AnalysisState(timeframe), AnalysisState(timeframe)
    for row in candles.rows().tolist():
        state.append(*row)
        yield state.market_context(nothing, now_ms=None).mtf


def _confirmed(candles: Candles, turned: int, atr: float | None, known: list[Swing]) -> list[Swing]:
    """The swings at bar `turned`, which become known `pivot_k` bars later, when `atr` is measured.

    The analysis reports only the last unbroken level of each side, so it misses a swing that repeats that level. The
    rule is therefore applied here: the extreme of its neighbors (the first bar of a plateau), at least one ATR away
    from the last swing of the other side.
    """
    if atr is None or turned < ANALYSIS.pivot_k:
        return []
    found = []
    for side, is_high in ((candles.high, True), (-candles.low, False)):
        level = float(candles.high[turned] if is_high else candles.low[turned])
        other = next((swing.level for swing in reversed(known) if swing.is_high != is_high), None)
        height = None if other is None else (level - other if is_high else other - level)
        if _is_extreme(side, turned) and (height is None or height >= ANALYSIS.pivot_min_atr * atr):
            found.append(Swing(turned, level, is_high))
    return found


def _is_extreme(side: Block, at: int) -> bool:
    reach = ANALYSIS.pivot_k
    return bool((side[at] > side[at - reach : at]).all() and (side[at] >= side[at + 1 : at + reach + 1]).all())


def _broken(candles: Candles, bar: int, level: float | None, swings: list[Swing]) -> Swing:
    """The latest swing at the level that this bar closed through."""
    is_high = level is not None and candles.close[bar] > level
    return next(swing for swing in reversed(swings) if swing.is_high == is_high and swing.level == level)


def _labelled(swings: list[Swing]) -> list[Swing]:
    """Each swing with HH, LH, HL, LL, or EH and EL for an equal one; the first of its side has none."""
    last: dict[bool, float] = {}
    labelled = []
    for swing in swings:
        label = _label(swing, last.get(swing.is_high))
        labelled.append(Swing(swing.bar, swing.level, swing.is_high, label))
        last[swing.is_high] = swing.level
    return labelled


def _label(swing: Swing, before: float | None) -> str:
    if before is None:
        return ""
    side = "H" if swing.is_high else "L"
    return ("H" if swing.level > before else "L" if swing.level < before else "E") + side

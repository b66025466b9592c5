"""Parameters and initial states as the vectors that kernels use (`kernels.slots` names their slots)."""

from __future__ import annotations

from dataclasses import astuple
from functools import lru_cache

import numpy as np

from opentrader.domain.analysis.candles import Block
from opentrader.domain.analysis.parameters import ANALYSIS, MEAN_REVERSION, Analysis, MeanReversion

from .kernels import slots as at

RING_LEAST = 256
RING_SLACK = 32
"""Appends between two moves of the ring: a trade-off of memory against copying."""


def initial(analysis: Analysis, mean_reversion: MeanReversion) -> Block:
    """The state before the first bar, without a ring; read-only: kernels copy it."""
    if analysis is ANALYSIS and mean_reversion is MEAN_REVERSION:
        return _DEFAULT  # hashing a hundred parameters takes longer than a tenth of an analysis
    return _initial(analysis, mean_reversion)


@lru_cache
def _initial(analysis: Analysis, mean_reversion: MeanReversion) -> Block:
    slots = pivot_slots(analysis)
    vector = np.zeros(at.HEADER + 4 * slots)
    vector[: at.PARAMETER_END] = parameter_vector(analysis, mean_reversion)
    keep = ring_keep(analysis, mean_reversion)
    vector[at.POSITION] = -1
    vector[at.PIVOT_SLOTS], vector[at.RING_KEEP] = slots, keep
    lengths = (analysis.ema_fast, analysis.ema_slow, analysis.macd_fast, analysis.macd_slow, analysis.macd_sig)
    vector[at.EMA_FAST_RATE : at.STEP_MS] = [2 / (n + 1) for n in lengths]
    wilder_lengths = (analysis.rsi_n, analysis.atr_n, analysis.kc_atr_n, analysis.adx_n)
    vector[at.RSI_RATE : at.EMA_FAST_RATE] = [1 / n for n in wilder_lengths]
    vector[at.PREVIOUS_RSI : at.CARRY_END] = np.nan
    vector[at.VALUES_START : at.VALUES_END] = np.nan
    for side in (at.HIGHS, at.LOWS):
        vector[side + at.LAST : side + at.SIDE_END] = np.nan
    vector.setflags(write=False)
    return vector


def living(analysis: Analysis, mean_reversion: MeanReversion, step_ms: int, depth: int) -> Block:
    """An initial state as the last row below the ring of recent bars."""
    head = initial(analysis, mean_reversion)
    state = np.zeros((at.ROWS + 1, max(int(head[at.RING_KEEP]) + RING_SLACK, len(head))))
    vector = state[at.ROWS]
    vector[: len(head)] = head
    vector[at.STEP_MS], vector[at.DEPTH] = step_ms, depth
    return state


def parameter_vector(analysis: Analysis, mean_reversion: MeanReversion) -> list[float]:
    """All parameters in the order of their fields, `macro_lens` longest first."""
    values: list[float] = []
    for value in (*astuple(analysis), *astuple(mean_reversion)):
        values.extend(sorted(value, reverse=True) if isinstance(value, tuple) else (value,))
    return values


def pivot_slots(p: Analysis) -> int:
    """The most pivots of one side within the liquidity window (more than k bars apart), plus two for the votes."""
    return p.liq_look // (p.pivot_k + 1) + 2


def ring_keep(p: Analysis, mr: MeanReversion) -> int:
    """How many bars the longest window reaches back."""
    reach = (
        max(p.macro_lens) + p.macro_slope_bars,
        p.atr_base_n,
        p.don_n + p.break_bars,
        p.liq_look + 2 * p.pivot_k,
        p.void_look + 2,
        max((p.gap_look, p.flat_look, p.bb_n, p.stoch_n, p.chop_n, p.er_n + 1, p.vol_n + 1, p.atr_n, mr.range_n)) + 1,
    )
    return max(RING_LEAST, *reach)


_DEFAULT = _initial(ANALYSIS, MEAN_REVERSION)

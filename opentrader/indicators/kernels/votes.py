"""The six votes of a trend: 1 up, -1 down, 0 sideway."""

from __future__ import annotations

from opentrader.domain.analysis.candles import CLOSE, VOLUME, Block

from . import slots as at
from .decorator import kernel
from .regime import sign


@kernel
def banded(x: float, high: float, low: float) -> int:
    """1 from `high` up, -1 from `low` down."""
    return int(x >= high) - int(x <= low)


@kernel
def step_of(s: Block, side: int) -> float:
    """Whether the last pivot of a side is above or below the one before, 0 with fewer than two."""
    return sign(s[side + at.LAST] - s[side + at.PREVIOUS])


@kernel
def structure_vote(s: Block) -> int:
    direction = s[at.DIRECTION]
    score = direction + step_of(s, at.HIGHS) + step_of(s, at.LOWS)
    return int(direction) if direction * score >= 2.0 else 0


@kernel
def ema_vote(s: Block, x: Block, i: int, close: float) -> int:
    fast, slow = s[at.EMA20], s[at.EMA50]
    before = x[at.ROW_EMA, i - int(s[at.VOTE_SLOPE_BARS])]
    if fast > slow and fast > before and close > slow:
        return 1
    return -1 if fast < slow and fast < before and close < slow else 0


@kernel
def adx_vote(s: Block) -> int:
    return 0 if s[at.ADX] < s[at.VOTE_ADX] else int(sign(s[at.PLUS_DI] - s[at.MINUS_DI]))


@kernel
def volume_balance(x: Block, i: int, n: int) -> float:
    """Share of the volume of n bars that came with a rise, less the share that came with a fall."""
    up, down, total = 0.0, 0.0, 0.0
    for j in range(i - n + 1, i + 1):
        change, volume = x[CLOSE, j] - x[CLOSE, j - 1], x[VOLUME, j]
        total += volume
        if change > 0.0:
            up += volume
        elif change < 0.0:
            down += volume
    return 0.0 if total == 0.0 else (up - down) / total


@kernel
def volume_vote(s: Block, x: Block, i: int) -> int:
    return banded(volume_balance(x, i, int(s[at.VOL_N])), s[at.VOTE_VOL], -s[at.VOTE_VOL])


@kernel
def displacement_vote(s: Block, x: Block, i: int) -> int:
    moved = (x[CLOSE, i] - x[CLOSE, i - int(s[at.ATR_N])]) / s[at.ATR]
    return banded(moved, s[at.VOTE_DISP_ATR], -s[at.VOTE_DISP_ATR])


@kernel
def vote(s: Block, x: Block, i: int, out: Block) -> None:
    """All six, in the order price_structure, ema, adx, rsi, volume, atr."""
    out[0] = structure_vote(s)
    out[1] = ema_vote(s, x, i, x[CLOSE, i])
    out[2] = adx_vote(s)
    out[3] = banded(s[at.RSI], s[at.VOTE_RSI_HI], s[at.VOTE_RSI_LO])
    out[4] = volume_vote(s, x, i)
    out[5] = displacement_vote(s, x, i)

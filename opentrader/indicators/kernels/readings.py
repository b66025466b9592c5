"""What is asked of a state at its newest bar, as a vector: whole numbers and labels first, then numbers that may be
NaN. Values that only the newest bar needs are computed here and nowhere else."""

from __future__ import annotations

import math

from opentrader.domain.analysis.candles import CLOSE, HIGH, LOW, TS, Block, flat, missing

from . import slots as at
from .decorator import kernel
from .liquidity import liquidity
from .macro import POSITION_UNKNOWN, donchian, held_break, macro_length, macro_score, range_position
from .regime import COMPRESSION, atr_ratio, chop, compression_bias, regime, regime_of, squeeze, trend_efficiency
from .reversion import NO_SETUP, bracket, checklist, eligible_side, is_range, volume_ratio
from .structure import NO_BREAK, break_distance, break_mode, trend_age
from .votes import vote
from .windows import mean

count_missing = kernel(missing)
is_flat = kernel(flat)

HTF, MTF, TREND, REVERSION = range(4)

BARS, LAST_TS, GAPS, FLAT, QUALITY_END = range(5)

(
    MACRO_LEN, MACRO_SCORE, POSITION, LIQUIDITY,
    RANGE_HIGH, RANGE_LOW, RANGE_SHARE, LIQ_LEVEL, LIQ_DISTANCE, HTF_ATR, HTF_END,
) = range(QUALITY_END, QUALITY_END + 11)  # fmt: skip

(
    REGIME, DIRECTION, BOS_MODE, TREND_AGE, BIAS, BOS_KIND, BOS_COUNT, SQUEEZE_BARS,
    MTF_ATR, BOS_LEVEL, BOS_BARS_AGO, BOS_DISTANCE, SWING_HIGH, SWING_LOW, ADX, ER, CHOP, ATR_RATIO, SQUEEZE, MTF_END,
) = range(QUALITY_END, QUALITY_END + 20)  # fmt: skip

VOTES = MTF_END
TREND_END = VOTES + 6

(
    MR_REGIME, SIDE, VERDICT, BUY, SELL, REPLAY_N, REPLAY_WINS,
    REPLAY_EXCESS, PRICE, SL_PCT, TP_PCT, TP1_PCT, TP2_PCT, RSI, HIST, BB_LOWER, BB_UPPER, BB_MID, VOL_RATIO, MR_ADX,
    K, SUPPORT, RESISTANCE, MR_END,
) = range(QUALITY_END, QUALITY_END + 24)  # fmt: skip

LENGTH = max(HTF_END, TREND_END, MR_END)


@kernel
def read(s: Block, x: Block, i: int, what: int, out: Block) -> None:
    """Fill `out` with one of the four readings of the bar in column i; with no bar at all, with what that means."""
    out[:] = math.nan
    out[: SQUEEZE_BARS + 1] = 0.0
    bar = int(s[at.BARS]) - 1
    out[BARS] = bar + 1
    if what == HTF:
        out[RANGE_HIGH:HTF_END] = math.nan
    if bar < 0:
        return
    read_quality(s, x, i, out)
    if what == HTF:
        read_htf(s, bar, x, i, out)
    elif what == REVERSION:
        read_reversion(s, bar, x, i, out)
    else:
        read_mtf(s, bar, x, i, out)
        if what == TREND and out[REGIME] != 0.0:
            vote(s, x, i, out[VOTES:TREND_END])


@kernel
def read_quality(s: Block, x: Block, i: int, out: Block) -> None:
    out[LAST_TS] = x[TS, i]
    out[GAPS] = count_missing(x[TS], i + 1, s[at.STEP_MS], int(s[at.GAP_LOOK]))
    out[FLAT] = is_flat(x[HIGH], x[LOW], i + 1, int(s[at.FLAT_LOOK]))


@kernel
def read_htf(s: Block, bar: int, x: Block, i: int, out: Block) -> None:
    out[HTF_ATR] = s[at.ATR]
    length = macro_length(s, bar + 1)
    out[MACRO_LEN], out[MACRO_SCORE] = length, macro_score(s, x, i, length)
    out[POSITION] = POSITION_UNKNOWN
    if bar >= s[at.DON_N]:
        read_range(s, bar, x, i, out)
    out[LIQUIDITY], out[LIQ_LEVEL], out[LIQ_DISTANCE] = liquidity(s, bar, x, i)


@kernel
def read_range(s: Block, bar: int, x: Block, i: int, out: Block) -> None:
    top, bottom = donchian(x, i, int(s[at.DON_N]))
    if top > bottom:
        share = (x[CLOSE, i] - bottom) / (top - bottom)
        out[RANGE_HIGH], out[RANGE_LOW], out[RANGE_SHARE] = top, bottom, share
        out[POSITION] = range_position(s, held_break(s, bar, x, i), share)


@kernel
def read_mtf(s: Block, bar: int, x: Block, i: int, out: Block) -> None:
    close = x[CLOSE, i]
    volatility, choppy = atr_ratio(s, bar, x, i), chop(s, bar, x, i)
    efficient = trend_efficiency(s, bar, x, i)
    label = regime_of(s, bar, close, volatility, choppy, efficient)
    out[REGIME], out[SQUEEZE_BARS], out[SQUEEZE] = label, s[at.SQUEEZE_BARS], squeeze(s, bar, x, i)
    out[MTF_ATR], out[ADX], out[ER], out[CHOP], out[ATR_RATIO] = s[at.ATR], s[at.ADX], efficient, choppy, volatility
    out[BIAS] = 0.0
    if label == COMPRESSION:
        out[BIAS] = compression_bias(s, close, mean(x, CLOSE, i, int(s[at.BB_N])))
    read_structure(s, bar, close, out)


@kernel
def read_structure(s: Block, bar: int, close: float, out: Block) -> None:
    out[DIRECTION], out[BOS_MODE], out[TREND_AGE] = s[at.DIRECTION], break_mode(s), trend_age(s, close)
    out[SWING_HIGH], out[SWING_LOW] = s[at.HIGHS + at.REFERENCE], s[at.LOWS + at.REFERENCE]
    if s[at.BRK_DIR] != 0.0:
        out[BOS_KIND], out[BOS_COUNT] = s[at.BRK_KIND], s[at.BRK_COUNT]
        out[BOS_LEVEL], out[BOS_BARS_AGO] = s[at.BRK_LEVEL], bar - s[at.BRK_BAR]
    if out[BOS_MODE] != NO_BREAK:
        out[BOS_DISTANCE] = break_distance(s, close)


@kernel
def read_reversion(s: Block, bar: int, x: Block, i: int, out: Block) -> None:
    """The setup at this bar whatever the replay is doing, and the replay's record."""
    out[SIDE], out[VERDICT] = 0.0, NO_SETUP
    if bar + 1 < s[at.WARMUP]:
        return
    top, bottom = donchian(x, i, int(s[at.RANGE_N]))
    ranging = is_range(s, bar, x, i, top - bottom)
    buy = checklist(s, 1.0, bar, x, i, ranging, top, bottom)
    sell = checklist(s, -1.0, bar, x, i, ranging, top, bottom)
    side = eligible_side(s, buy, sell)
    out[SIDE], out[BUY], out[SELL] = side, buy, sell
    if side == 0.0:
        return
    verdict, _, _, out[SL_PCT], out[TP_PCT], out[TP1_PCT], out[TP2_PCT] = bracket(s, side, x, i, top, bottom)
    out[VERDICT], out[MR_REGIME] = verdict, regime(s, bar, x, i)
    out[REPLAY_N], out[REPLAY_WINS], out[REPLAY_EXCESS] = s[at.REPLAY_N], s[at.REPLAY_WINS], s[at.REPLAY_EXCESS]
    out[PRICE], out[RSI], out[HIST], out[MR_ADX], out[K] = x[CLOSE, i], s[at.RSI], s[at.HIST], s[at.ADX], s[at.K]
    out[BB_LOWER], out[BB_UPPER], out[BB_MID] = s[at.BB_LOWER], s[at.BB_UPPER], s[at.BB_MID]
    out[VOL_RATIO] = volume_ratio(s, bar, x, i)
    out[SUPPORT], out[RESISTANCE] = bottom, top

"""Where each number lives in a state vector.

A state is one float64 vector: parameters, then what the recursions carry from bar to bar, then the pivots. In a
long-lived state it is the last row of a matrix whose other rows are the ring of recent bars: one array to unpack per
call, copied and compared as a whole, and many of them stack. Whole numbers up to 2**53 are exact in it.
"""

from __future__ import annotations

import math

NONE = math.nan

# Parameters: the fields of domain.parameters.Analysis and MeanReversion in their order, `macro_lens` as three.
(
    RSI_N, ATR_N, ADX_N, EMA_FAST, EMA_SLOW, MACD_FAST, MACD_SLOW, MACD_SIG, BB_N, BB_K, KC_ATR_N, KC_K, STOCH_N,
    STOCH_K, STOCH_D, CHOP_N, ER_N, VOL_N, ATR_BASE_N, PIVOT_K, PIVOT_MIN_ATR, BOS_CONFIRM_CLOSES, BOS_CONFIRM_ATR,
    BOS_FAIL_ATR, BOS_MAX_AGE, EXTENDED_ATR, WARMUP, CHOP_ATR_RATIO, CHOP_MIN, CHOP_ER_MAX, CHOP_ADX_MAX, SQZ_ON,
    SQZ_MIN_BARS, SQZ_ATR_RATIO_MAX, TREND_ADX, TREND_ER, TREND_SEP_ATR, TRANSITION_BARS, VOTE_ADX, VOTE_RSI_HI,
    VOTE_RSI_LO, VOTE_VOL, VOTE_DISP_ATR, VOTE_SLOPE_BARS, VOTE_MIN, VOTE_MARGIN, MACRO_LONG, MACRO_MIDDLE,
    MACRO_SHORT, MACRO_EXTRA, MACRO_SLOPE_BARS, MACRO_SLOPE_ATR, MACRO_DEAD_ATR, DON_N, BREAK_BARS, POS_LO, POS_HI,
    LIQ_LOOK, EQ_TOL_ATR, EQ_NEAR_ATR, EQ_MIN_SEP, VOID_LOOK, VOID_MIN_ATR, VOID_NEAR_ATR, GAP_LOOK, GAP_MAX,
    STALE_TF, FLAT_LOOK,
    RANGE_N, MIN_WIDTH_ATR, ADX_MAX, ZONE, PIERCE_ATR, RSI_LO, RSI_HI, STOCH_LO, STOCH_HI, VOL_MIN, MIN_PASSED,
    SL_ATR, SL_BARS, SL_MIN_PCT, SL_MAX_PCT, TP2_INSET, MIN_RR, FEE_PCT, SLIP_PCT, MAX_HOLD, COOLDOWN_BARS, PRIOR_N,
    MAX_TRADES_DAY, EV_GATE, CONF_GATE,
    PARAMETER_END,
) = range(94)  # fmt: skip

# Derived from the parameters; the length of a candle; how much is carried.
(
    PIVOT_SLOTS, RING_KEEP, RSI_RATE, ATR_RATE, KC_ATR_RATE, ADX_RATE, EMA_FAST_RATE, EMA_SLOW_RATE, MACD_FAST_RATE,
    MACD_SLOW_RATE, MACD_SIG_RATE, STEP_MS, DEPTH, DERIVED_END,
) = range(PARAMETER_END, PARAMETER_END + 14)  # fmt: skip

# Carried from bar to bar. A mean is a plain sum until its seed is complete.
(
    BARS, POSITION,
    ATR_MEAN, KC_ATR_MEAN, GAIN_MEAN, LOSS_MEAN, PLUS_SUM, MINUS_SUM, RANGE_SUM, ADX_MEAN, EMA_FAST_MEAN,
    EMA_SLOW_MEAN, MACD_FAST_MEAN, MACD_SLOW_MEAN, MACD_SIG_MEAN, SQUEEZE_BARS,
    DIRECTION, BRK_DIR, BRK_LEVEL, BRK_BAR, BRK_KIND, BRK_COUNT, BRK_ATR, BRK_RUN, BRK_ACTIVE, BRK_CONFIRMED,
    PENDING_SIDE, PENDING_SL, PENDING_TP, TRADE_SIDE, TRADE_SL, TRADE_TP, TRADE_ENTRY, TRADE_BAR, FREE_BAR, REPLAY_N,
    REPLAY_WINS, REPLAY_EXCESS, PREVIOUS_RSI, PREVIOUS_HIST, PREVIOUS_LOWER, PREVIOUS_UPPER, CARRY_END,
) = range(DERIVED_END, DERIVED_END + 43)  # fmt: skip

# Indicator values of the newest bar, NaN before the first.
(
    RSI, ATR, KC_ATR, ADX, PLUS_DI, MINUS_DI, EMA20, EMA50, MACD, SIGNAL, HIST, BB_LOWER, BB_MID, BB_UPPER, K, D,
    VALUES_END,
) = range(CARRY_END, CARRY_END + 17)  # fmt: skip
VALUES = VALUES_END - CARRY_END
VALUES_START = CARRY_END

# One side of the pivots: how many so far, the last two levels, the unbroken reference. The same offsets for both.
COUNT, LAST, PREVIOUS, REFERENCE, SIDE_END = range(5)
HIGHS = VALUES_END
LOWS = HIGHS + SIDE_END
HEADER = LOWS + SIDE_END
"""Here the pivot rings start: (bar, level) pairs, first the highs, then the lows."""

# Rows of the matrix of bars: the candle columns come first, as in domain.candles; then what windows look back on.
(
    ROW_ATR, ROW_KC_ATR, ROW_EMA, ROW_RAW_K, ROW_K, ROW_D, ROW_MEAN, ROW_SPREAD, ROW_TOP, ROW_BOTTOM, ROW_PIVOT_TOP,
    ROW_PIVOT_BOTTOM, ROWS,
) = range(6, 19)  # fmt: skip

"""Descriptions of the codes of the analysis, for traders."""

from __future__ import annotations

DECISIONS = {
    "trade_long": "▲ trade long",
    "trade_short": "▼ trade short",
    "watch_regime_shift": "◆ watch shift",
    "standby": "· standby",
    "no_trade": "✕ no trade",
}

LEVELS = {
    "data_and_chop": "Is the data sound, and the market no volatile chop?",
    "compression": "Is the market out of compression?",
    "htf_mtf_conflict": "Does the move go with the higher timeframe's phase?",
    "htf_location": "Is there room in the higher timeframe's range?",
    "mtf_regime": "Is the middle timeframe in a trend?",
    "bos_and_age": "Is there a break of structure, and is it fresh?",
    "alignment": "Do phase, place and direction agree?",
}

REASONS = {
    "": "all seven levels pass",
    "insufficient_data": "too few closed candles for the analysis",
    "stale_data": "the last closed candle is too old",
    "flat_market": "the price has not moved for 20 candles",
    "data_gaps": "too many candles are missing",
    "volatile_chop": "wide swings that go nowhere",
    "compression": "volatility is squeezed: wait for the way out",
    "htf_bull_mtf_down": "falling inside a higher bull phase: watch for the turn",
    "htf_bear_mtf_up": "rising inside a higher bear phase: watch for the turn",
    "htf_range_unknown": "the higher timeframe has no range yet",
    "htf_just_broken_down": "the higher range has just broken down, against the move",
    "htf_just_broken_up": "the higher range has just broken up, against the move",
    "htf_range_high": "too high in the higher range to buy",
    "htf_range_low": "too low in the higher range to sell",
    "htf_equal_highs": "equal highs close above: liquidity in the way",
    "htf_equal_lows": "equal lows close below: liquidity in the way",
    "htf_liquidity_void": "an unfilled void is near: the price tends to fill it first",
    "mtf_sideway": "the middle timeframe goes sideways",
    "mtf_transition": "the middle timeframe is in transition",
    "mtf_compression": "the middle timeframe is squeezed",
    "mtf_volatile_chop": "the middle timeframe swings without going anywhere",
    "mtf_unknown": "the middle timeframe cannot be read",
    "no_bos": "no active break of structure",
    "trend_extended": "the move has run 5 ATR or more since its break",
    "quick_bos_unaligned": "the break is not confirmed, and the higher phase does not back it",
    "no_alignment": "phase, place and direction do not agree",
}


def explained(reason: str) -> str:
    """The description of a reason; an unknown code with its underscores as spaces."""
    return REASONS.get(reason, reason.replace("_", " "))

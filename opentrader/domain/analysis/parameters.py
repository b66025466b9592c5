"""All parameters of the analysis with their defaults, in bars unless the name says otherwise."""

from __future__ import annotations

from dataclasses import dataclass

HISTORY = 500  # closed candles of each timeframe in one analysis


@dataclass(frozen=True, slots=True)
class Analysis:
    """Indicators, structure, regime, votes, macro phase, range, liquidity and data quality.

    Suffixes: `_n` window in bars, `_k` multiplier, `_atr` distance in ATR.
    """

    rsi_n: int = 14
    atr_n: int = 14
    adx_n: int = 14
    ema_fast: int = 20
    ema_slow: int = 50
    macd_fast: int = 12
    macd_slow: int = 26
    macd_sig: int = 9
    bb_n: int = 20
    bb_k: float = 2.0
    kc_atr_n: int = 20
    kc_k: float = 1.5
    stoch_n: int = 14
    stoch_k: int = 3
    stoch_d: int = 3
    chop_n: int = 14
    er_n: int = 20
    vol_n: int = 20
    atr_base_n: int = 100
    pivot_k: int = 4
    pivot_min_atr: float = 1.0
    bos_confirm_closes: int = 2
    bos_confirm_atr: float = 0.5
    bos_fail_atr: float = 1.0
    bos_max_age: int = 60
    extended_atr: float = 5.0
    warmup: int = 120
    chop_atr_ratio: float = 1.15
    chop_min: float = 48.0
    chop_er_max: float = 0.2
    chop_adx_max: float = 25.0
    sqz_on: float = 1.0
    sqz_min_bars: int = 6
    sqz_atr_ratio_max: float = 0.95
    trend_adx: float = 20.0
    trend_er: float = 0.35
    trend_sep_atr: float = 0.5
    transition_bars: int = 12
    vote_adx: float = 20.0
    vote_rsi_hi: float = 55.0
    vote_rsi_lo: float = 45.0
    vote_vol: float = 0.1
    vote_disp_atr: float = 1.5
    vote_slope_bars: int = 3
    vote_min: int = 3
    vote_margin: int = 2
    macro_lens: tuple[int, int, int] = (200, 100, 50)
    macro_extra: int = 20
    macro_slope_bars: int = 20
    macro_slope_atr: float = 1.0
    macro_dead_atr: float = 1.0
    don_n: int = 60
    break_bars: int = 3
    pos_lo: float = 1 / 3
    pos_hi: float = 2 / 3
    liq_look: int = 60
    eq_tol_atr: float = 0.25
    eq_near_atr: float = 2.0
    eq_min_sep: int = 3
    void_look: int = 30
    void_min_atr: float = 0.75
    void_near_atr: float = 1.0
    gap_look: int = 50
    gap_max: int = 5
    stale_tf: int = 2
    flat_look: int = 20

    @property
    def macro_need(self) -> int:
        """Minimum number of HTF bars for a macro phase."""
        return min(self.macro_lens) + self.macro_extra


@dataclass(frozen=True, slots=True)
class MeanReversion:
    """The MR Combined rule, its bracket, its replay and its gate; `_pct` is percent of price."""

    range_n: int = 50
    min_width_atr: float = 3.0
    adx_max: float = 25.0
    zone: float = 0.25
    pierce_atr: float = 0.5
    rsi_lo: float = 35.0
    rsi_hi: float = 65.0
    stoch_lo: float = 20.0
    stoch_hi: float = 80.0
    vol_min: float = 1.0
    min_passed: int = 5
    sl_atr: float = 0.5
    sl_bars: int = 3
    sl_min_pct: float = 0.3
    sl_max_pct: float = 6.0
    tp2_inset: float = 0.1
    min_rr: float = 1.0
    fee_pct: float = 0.1
    slip_pct: float = 0.05
    max_hold: int = 48
    cooldown_bars: int = 6
    prior_n: int = 20
    max_trades_day: int = 3
    ev_gate: float = 25.0
    conf_gate: int = 8

    @property
    def cost_pct(self) -> float:
        """Fee and slippage of a round trip."""
        return 2 * (self.fee_pct + self.slip_pct)


@dataclass(frozen=True, slots=True)
class Trailing:
    """Break-even and chandelier stop; `_R` is a multiple of the initial risk."""

    be_at_R: float = 1.0  # noqa: N815 - R is the unit of risk
    be_cost_pct: float = 0.3
    trail_at_R: float = 1.5  # noqa: N815
    chand_atr: float = 3.0
    min_gap_atr: float = 0.25


ANALYSIS = Analysis()
MEAN_REVERSION = MeanReversion()
TRAILING = Trailing()

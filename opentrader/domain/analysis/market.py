"""MarketContext: the analysis of one symbol on two timeframes, and the resulting decision.

The fields are those of the API's JSON, in the same order; None is JSON null. Prices are in quote
units, distances in ATR.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from opentrader.domain.timeframes import Timeframe

Regime = Literal["trend", "compression", "sideway", "volatile_chop", "transition", "unknown"]
MacroPhase = Literal["bull", "bear", "range"]
RangePosition = Literal["low", "mid", "high", "just_broken_up", "just_broken_down", "unknown"]
LiquidityProfile = Literal["clean", "equal_highs", "equal_lows", "void"]
TrendDirection = Literal["up", "down", "none"]
BosMode = Literal["confirmed", "quick", "none"]
TrendAge = Literal["fresh", "extended", "none"]
BosKind = Literal["bos", "choch"]
PriorityDecision = Literal["trade_long", "trade_short", "standby", "no_trade", "watch_regime_shift"]
TraceVerdict = Literal["pass", "block", "skipped"]


@dataclass(frozen=True, slots=True)
class TraceEntry:
    """The verdict of one of the seven levels of the Priority System."""

    level: int
    name: str
    verdict: TraceVerdict
    decision: str
    reason: str

    def to_dict(self) -> dict[str, Any]:
        return {
            "level": self.level,
            "name": self.name,
            "verdict": self.verdict,
            "decision": self.decision,
            "reason": self.reason,
        }


@dataclass(frozen=True, slots=True)
class HtfDetail:
    """The numbers behind the HTF labels."""

    macro_ma_len: int
    macro_score: int
    range_pct: float | None
    liquidity_level: float | None
    liquidity_dist_atr: float | None
    atr_val: float | None

    def to_dict(self) -> dict[str, Any]:
        return {
            "macro_ma_len": self.macro_ma_len,
            "macro_score": self.macro_score,
            "range_pct": self.range_pct,
            "liquidity_level": self.liquidity_level,
            "liquidity_dist_atr": self.liquidity_dist_atr,
            "atr_val": self.atr_val,
        }


@dataclass(frozen=True, slots=True)
class HtfLayer:
    """The higher timeframe: phase, position in the range, and nearby liquidity."""

    macro_phase: MacroPhase
    range_position: RangePosition
    liquidity_profile: LiquidityProfile
    range_high: float | None
    range_low: float | None
    detail: HtfDetail

    def to_dict(self) -> dict[str, Any]:
        return {
            "macro_phase": self.macro_phase,
            "range_position": self.range_position,
            "liquidity_profile": self.liquidity_profile,
            "range_high": self.range_high,
            "range_low": self.range_low,
            "detail": self.detail.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class MtfDetail:
    """The numbers behind the MTF labels, and the seven levels."""

    bos_level: float | None
    bos_kind: BosKind | None
    bos_count: int
    bos_bars_ago: int | None
    bos_dist_atr: float | None
    swing_high: float | None
    swing_low: float | None
    adx: float | None
    er: float | None
    chop: float | None
    atr_ratio: float | None
    squeeze: float | None
    squeeze_bars: int
    priority_trace: tuple[TraceEntry, ...]

    def to_dict(self) -> dict[str, Any]:
        return {
            "bos_level": self.bos_level,
            "bos_kind": self.bos_kind,
            "bos_count": self.bos_count,
            "bos_bars_ago": self.bos_bars_ago,
            "bos_dist_atr": self.bos_dist_atr,
            "swing_high": self.swing_high,
            "swing_low": self.swing_low,
            "adx": self.adx,
            "er": self.er,
            "chop": self.chop,
            "atr_ratio": self.atr_ratio,
            "squeeze": self.squeeze,
            "squeeze_bars": self.squeeze_bars,
            "priority_trace": [entry.to_dict() for entry in self.priority_trace],
        }


@dataclass(frozen=True, slots=True)
class MtfLayer:
    """The middle timeframe: regime, market structure and the last break."""

    regime: Regime
    trend_direction: TrendDirection
    bos_mode: BosMode
    trend_age: TrendAge
    compression_bias: TrendDirection
    volatile_chop: bool
    atr_val: float | None
    detail: MtfDetail

    def to_dict(self) -> dict[str, Any]:
        return {
            "regime": self.regime,
            "trend_direction": self.trend_direction,
            "bos_mode": self.bos_mode,
            "trend_age": self.trend_age,
            "compression_bias": self.compression_bias,
            "volatile_chop": self.volatile_chop,
            "atr_val": self.atr_val,
            "detail": self.detail.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class MarketContext:
    """The whole analysis of one symbol; `timestamp` is in whole Unix seconds."""

    symbol: str
    htf_tf: Timeframe
    mtf_tf: Timeframe
    htf: HtfLayer
    mtf: MtfLayer
    priority_decision: PriorityDecision
    no_trade_reason: str
    timestamp: int

    def to_dict(self) -> dict[str, Any]:
        return {
            "symbol": self.symbol,
            "htf_tf": self.htf_tf,
            "mtf_tf": self.mtf_tf,
            "htf": self.htf.to_dict(),
            "mtf": self.mtf.to_dict(),
            "priority_decision": self.priority_decision,
            "no_trade_reason": self.no_trade_reason,
            "timestamp": self.timestamp,
        }

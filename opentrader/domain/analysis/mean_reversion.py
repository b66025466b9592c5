"""MR Combined: the mean-reversion signal at a range edge, its expected value and its gate."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

from .market import Regime
from .parameters import MEAN_REVERSION, MeanReversion

BOT = "mr_combined"

CHECKS = (
    "range_regime",
    "range_location",
    "bb_extreme",
    "rsi_extreme",
    "stoch_extreme",
    "momentum_turn",
    "volume_confirm",
)
"""The checklist, in its fixed order."""


class Bracket(NamedTuple):
    """Stop and target of a setup, in percent of its price."""

    sl_pct: float
    tp_pct: float
    tp1_pct: float
    tp2_pct: float


class Replay(NamedTuple):
    """The record of the rule on the loaded history; `excess` is the sum over its trades of win - random-walk odds."""

    trades: int
    wins: int
    excess: float


@dataclass(frozen=True, slots=True)
class MrDetail:
    """The numbers behind `ev`."""

    win_prob: float
    p0: float
    edge: float
    replay_n: int
    replay_wins: int
    rr_net: float

    def to_dict(self) -> dict[str, Any]:
        return {
            "win_prob": self.win_prob,
            "p0": self.p0,
            "edge": self.edge,
            "replay_n": self.replay_n,
            "replay_wins": self.replay_wins,
            "rr_net": self.rr_net,
        }


@dataclass(frozen=True, slots=True)
class MrSignal:
    """A setup at the last closed candle, in the shape of the signal record."""

    symbol: str
    direction: Literal["buy", "sell"]
    bot: str
    price: float
    sl_pct: float
    tp_pct: float
    tp1_pct: float
    tp2_pct: float
    checklist: tuple[tuple[str, bool], ...]
    passed: int
    total: int
    buy_signals: int
    sell_signals: int
    rsi: float
    macd_hist: float
    bb_lower: float
    bb_upper: float
    bb_mid: float
    vol_ratio: float | None
    adx: float
    stoch_k: float
    range_support: float
    range_resistance: float
    range_midline: float
    ev: float
    confidence: int
    gate_ok: bool
    detail: MrDetail
    bar_ts: int
    """Open time of the candle of the setup, Unix milliseconds; not part of the record."""

    @property
    def reason(self) -> str:
        """Always empty for a setup; see `NoSetup.reason`."""
        return ""

    def to_dict(self) -> dict[str, Any]:
        return {
            "symbol": self.symbol,
            "direction": self.direction,
            "bot": self.bot,
            "price": self.price,
            "sl_pct": self.sl_pct,
            "tp_pct": self.tp_pct,
            "tp1_pct": self.tp1_pct,
            "tp2_pct": self.tp2_pct,
            "checklist": dict(self.checklist),
            "passed": self.passed,
            "total": self.total,
            "buy_signals": self.buy_signals,
            "sell_signals": self.sell_signals,
            "rsi": self.rsi,
            "macd_hist": self.macd_hist,
            "bb_lower": self.bb_lower,
            "bb_upper": self.bb_upper,
            "bb_mid": self.bb_mid,
            "vol_ratio": self.vol_ratio,
            "adx": self.adx,
            "stoch_k": self.stoch_k,
            "range_support": self.range_support,
            "range_resistance": self.range_resistance,
            "range_midline": self.range_midline,
            "ev": self.ev,
            "confidence": self.confidence,
            "gate_ok": self.gate_ok,
            "detail": self.detail.to_dict(),
        }


@dataclass(frozen=True, slots=True)
class NoSetup:
    """Why there is no signal: a data-quality reason, `no_setup`, `sl_too_wide` or `rr_too_low`."""

    symbol: str
    reason: str
    bar_ts: int | None = None
    """Open time of the last closed candle in Unix milliseconds, None without one."""

    def to_dict(self) -> dict[str, Any]:
        return {"symbol": self.symbol, "bot": BOT, "reason": self.reason}


class Prospect(NamedTuple):
    """The expected value of a setup."""

    ev: float
    confidence: int
    gate_ok: bool
    detail: MrDetail


def prospect(
    bracket: Bracket, passed: int, regime: Regime, replay: Replay, parameters: MeanReversion = MEAN_REVERSION
) -> Prospect:
    """Expected profit in percent of the amount risked, after costs, and a confidence of 0 to 10.

    The odds are those of a driftless random walk plus the excess win rate of the replay, shrunk towards zero by
    `prior_n` imaginary trades. Without history `ev` is negative, so an unproven rule cannot pass the gate.
    """
    edge = replay.excess / (replay.trades + parameters.prior_n)
    p0 = bracket.sl_pct / (bracket.sl_pct + bracket.tp_pct)
    win_prob = min(max(p0 + edge, min(0.01, p0)), 0.99)
    risk, gain = bracket.sl_pct + parameters.cost_pct, bracket.tp_pct - parameters.cost_pct
    ev = 100 * (win_prob * gain - (1 - win_prob) * risk) / risk
    proven = replay.trades >= 10 and edge > 0
    confidence = min(10, passed + proven + (regime == "sideway") + (gain / risk >= 1.5))
    gate_ok = ev > parameters.ev_gate and confidence >= parameters.conf_gate
    detail = MrDetail(
        win_prob=win_prob,
        p0=p0,
        edge=edge,
        replay_n=replay.trades,
        replay_wins=replay.wins,
        rr_net=gain / risk,
    )
    return Prospect(ev, confidence, gate_ok, detail)

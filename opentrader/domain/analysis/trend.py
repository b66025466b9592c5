"""TrendResult: six votes on one timeframe and the resulting trend.

The fields are those of the API's JSON, in the same order.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, Literal

from annotated_types import Ge, Le

from opentrader.domain.timeframes import Timeframe

from .market import Regime

Trend = Literal["uptrend", "downtrend", "sideway", "unknown"]
Vote = Literal["uptrend", "downtrend", "sideway"]
TrendRegime = Literal["uptrend", "downtrend", "sideway", "compression", "volatile_chop", "transition", "unknown"]

EXACT = 2**53  # every JSON parser reads whole numbers up to here exactly
Votes = Annotated[int | float, Ge(0), Le(EXACT)]

VOTERS = ("price_structure", "ema", "adx", "rsi", "volume", "atr")


@dataclass(frozen=True, slots=True)
class Score:
    """The number of votes per trend; a posted trend may have weighted votes."""

    uptrend: Votes
    downtrend: Votes
    sideway: Votes

    def to_dict(self) -> dict[str, int | float]:
        return {"uptrend": self.uptrend, "downtrend": self.downtrend, "sideway": self.sideway}


@dataclass(frozen=True, slots=True)
class IndicatorVote:
    """The vote of one of the six voters."""

    vote: Vote

    def to_dict(self) -> dict[str, str]:
        return {"vote": self.vote}


@dataclass(frozen=True, slots=True)
class TrendResult:
    """The trend of one symbol on one timeframe; `indicators` are by voter, empty when the votes are unknown."""

    symbol: str
    timeframe: Timeframe
    source: str
    type: str
    trend: Trend
    regime: TrendRegime
    no_trade: bool
    no_trade_reason: str
    score: Score
    indicators: dict[str, IndicatorVote]
    timestamp: int

    @property
    def category(self) -> Regime:
        """The regime of a scan row, where a trend has no direction."""
        return "trend" if self.regime in ("uptrend", "downtrend") else self.regime  # type: ignore[return-value]  # mypy does not narrow by `in`

    def to_dict(self) -> dict[str, Any]:
        return {
            "symbol": self.symbol,
            "timeframe": self.timeframe,
            "source": self.source,
            "type": self.type,
            "trend": self.trend,
            "regime": self.regime,
            "no_trade": self.no_trade,
            "no_trade_reason": self.no_trade_reason,
            "score": self.score.to_dict(),
            "indicators": {voter: vote.to_dict() for voter, vote in self.indicators.items()},
            "timestamp": self.timestamp,
        }


@dataclass(frozen=True, slots=True)
class TrendRecord:
    """A stored trend, computed or posted; `timestamp` is its market time in Unix seconds."""

    symbol: str
    timeframe: Timeframe
    source: str
    type: str
    trend: Trend
    score: Score
    timestamp: int


def tally(votes: tuple[Vote, ...]) -> Score:
    """Count the votes."""
    return Score(votes.count("uptrend"), votes.count("downtrend"), votes.count("sideway"))


def majority(score: Score, *, least: int, margin: int) -> Trend:
    """The side with at least `least` votes and `margin` more than the other, else sideway."""
    if score.uptrend >= least and score.uptrend - score.downtrend >= margin:
        return "uptrend"
    if score.downtrend >= least and score.downtrend - score.uptrend >= margin:
        return "downtrend"
    return "sideway"


def spelled(regime: Regime, direction: int, trend: Trend) -> TrendRegime:
    """The regime of a trend result: a `trend` regime becomes its direction, or `transition` against the votes."""
    if regime != "trend":
        return regime
    structural: TrendRegime = "uptrend" if direction > 0 else "downtrend"
    return "transition" if trend in ("uptrend", "downtrend") and trend != structural else structural

"""The replay of MR Combined on the loaded history, one bar at a time: enter at the next open, leave at stop, target
or after a time, wait out a cooldown. The stop comes first when one bar touches both."""

from __future__ import annotations

from opentrader.domain.analysis.candles import CLOSE, HIGH, LOW, OPEN, Block

from . import slots as at
from .decorator import kernel
from .reversion import find_setup, gain_pct

OPEN_TRADE, LOST, WON = range(3)


@kernel
def follow_replay(s: Block, bar: int, x: Block, i: int) -> None:
    """Take bar i into the replay."""
    if s[at.PENDING_SIDE] != 0.0:
        enter(s, bar, x[OPEN, i])
    if s[at.TRADE_SIDE] != 0.0:
        leave(s, bar, x, i)
    if s[at.TRADE_SIDE] == 0.0 and bar >= s[at.FREE_BAR] and bar + 1 >= s[at.WARMUP]:
        s[at.PENDING_SIDE], s[at.PENDING_SL], s[at.PENDING_TP] = find_setup(s, bar, x, i)


@kernel
def enter(s: Block, bar: int, price: float) -> None:
    """Enter the pending setup at this open, unless the market opens beyond its stop or target."""
    side, stop, target = s[at.PENDING_SIDE], s[at.PENDING_SL], s[at.PENDING_TP]
    s[at.PENDING_SIDE] = 0.0
    if side * (price - stop) > 0.0 and side * (target - price) > 0.0:
        s[at.TRADE_SIDE], s[at.TRADE_SL], s[at.TRADE_TP] = side, stop, target
        s[at.TRADE_ENTRY], s[at.TRADE_BAR] = price, bar


@kernel
def leave(s: Block, bar: int, x: Block, i: int) -> None:
    """Close the open trade if this bar ends it, and count it."""
    outcome = outcome_at(s, bar, x, i)
    if outcome == OPEN_TRADE:
        return
    won = 1.0 if outcome == WON else 0.0
    s[at.REPLAY_N] += 1.0
    s[at.REPLAY_WINS] += won
    s[at.REPLAY_EXCESS] += won - random_walk_odds(s)
    s[at.FREE_BAR] = bar + 1 + s[at.COOLDOWN_BARS]
    s[at.TRADE_SIDE] = 0.0


@kernel
def outcome_at(s: Block, bar: int, x: Block, i: int) -> int:
    side = s[at.TRADE_SIDE]
    worst, best = (x[LOW, i], x[HIGH, i]) if side > 0.0 else (x[HIGH, i], x[LOW, i])
    if side * (worst - s[at.TRADE_SL]) <= 0.0:
        return LOST
    if side * (best - s[at.TRADE_TP]) >= 0.0:
        return WON
    if bar - s[at.TRADE_BAR] + 1.0 < s[at.MAX_HOLD]:
        return OPEN_TRADE
    cost = 2.0 * (s[at.FEE_PCT] + s[at.SLIP_PCT])
    return WON if gain_pct(side, x[CLOSE, i], s[at.TRADE_ENTRY]) - cost > 0.0 else LOST


@kernel
def random_walk_odds(s: Block) -> float:
    """Win rate of a driftless random walk between the open trade's stop and target."""
    risk = abs(s[at.TRADE_ENTRY] - s[at.TRADE_SL])
    return float(risk / (risk + abs(s[at.TRADE_TP] - s[at.TRADE_ENTRY])))

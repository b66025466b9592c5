"""Statistics of closed trades.

All figures are per trade over the whole history. None is annualized, because trades differ in length. With
p = PnL in the quote currency and r = PnL in percent, over n trades:

    expectancy      mean(p)
    profit_factor   sum of the gains / |sum of the losses|
    max_drawdown    the largest fall of the running sum of p below its peak so far, 0 at the start included
    sharpe          mean(r) / s(r), s the sample standard deviation (n - 1), the risk-free return 0
                    (W. F. Sharpe, The Sharpe Ratio, 1994, per trade)
    sortino         mean(r) / sqrt(sum(min(r, 0)^2) / n), the target return 0 (F. A. Sortino and L. N. Price, 1994)
    calmar          sum(p) / max_drawdown (after T. W. Young, 1991, not annualized)

An undefined figure is None: the mean of no trades, a division by zero.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from itertools import accumulate
from typing import Generic, Protocol, TypeVar

_EXACT = Context(prec=60)  # more than any sum of prices and sizes needs: only quotients and roots are rounded


class Closed(Protocol):
    """The fields of a closed trade that count here. `pnl` is net of fees, in the quote currency; all are finite."""

    @property
    def symbol(self) -> str: ...
    @property
    def bot(self) -> str: ...
    @property
    def agent(self) -> str | None: ...
    @property
    def pnl(self) -> Decimal: ...
    @property
    def pnl_pct(self) -> Decimal: ...
    @property
    def closed_at(self) -> int: ...


T = TypeVar("T", bound=Closed)
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Group:
    """The trades with one symbol, bot or agent."""

    trades: int
    wins: int
    pnl: float


@dataclass(frozen=True, slots=True)
class Stats(Generic[T]):
    """The figures; percent are 0..100, amounts in the quote currency, `avg_loss` is negative."""

    total_trades: int
    wins: int
    losses: int
    breakeven: int
    win_rate: float | None
    total_pnl: float
    avg_pnl_pct: float | None
    avg_win: float | None
    avg_loss: float | None
    profit_factor: float | None
    expectancy: float | None
    max_drawdown: float
    sharpe: float | None
    sortino: float | None
    calmar: float | None
    best: T | None
    worst: T | None
    by_symbol: dict[str, Group]
    by_bot: dict[str, Group]
    by_agent: dict[str, Group]


def statistics(trades: Sequence[T]) -> Stats[T]:
    """The statistics of the trades, in any order. Of equal trades, the one closed first is `best` or `worst`.

    Trades without an agent are missing only from `by_agent`.
    """
    with localcontext(_EXACT):
        return _statistics(sorted(trades, key=lambda t: t.closed_at))


def _statistics(trades: list[T]) -> Stats[T]:
    pnl, pct = [t.pnl for t in trades], [t.pnl_pct for t in trades]
    gains, losses = [p for p in pnl if p > 0], [p for p in pnl if p < 0]
    drawdown, n = max_drawdown(pnl), len(trades)
    return Stats(
        total_trades=n,
        wins=len(gains),
        losses=len(losses),
        breakeven=n - len(gains) - len(losses),
        win_rate=_ratio(Decimal(100 * len(gains)), Decimal(n)),
        total_pnl=float(_sum(pnl)),
        avg_pnl_pct=_mean(pct),
        avg_win=_mean(gains),
        avg_loss=_mean(losses),
        profit_factor=_ratio(_sum(gains), -_sum(losses)),
        expectancy=_mean(pnl),
        max_drawdown=float(drawdown),
        sharpe=_sharpe(pct),
        sortino=_sortino(pct),
        calmar=_ratio(_sum(pnl), drawdown),
        best=max(trades, key=lambda t: t.pnl, default=None),
        worst=min(trades, key=lambda t: t.pnl, default=None),
        by_symbol=_groups((t.symbol, t.pnl) for t in trades),
        by_bot=_groups((t.bot, t.pnl) for t in trades),
        by_agent=_groups((t.agent, t.pnl) for t in trades if t.agent is not None),
    )


def max_drawdown(pnl: Iterable[Decimal]) -> Decimal:
    """The largest fall of the running sum below its peak so far; never negative."""
    equity = list(accumulate(pnl, initial=Decimal(0)))
    return max(peak - now for peak, now in zip(accumulate(equity, max), equity, strict=True))


def _sum(values: Sequence[Decimal]) -> Decimal:
    return sum(values, Decimal(0))


def _ratio(above: Decimal, below: Decimal) -> float | None:
    """The quotient; None for a division by zero and for a result that no float can hold."""
    if not below:
        return None
    quotient = float(above / below)
    return quotient if math.isfinite(quotient) else None


def _mean(values: Sequence[Decimal]) -> float | None:
    return _ratio(_sum(values), Decimal(len(values)))


def _sharpe(returns: Sequence[Decimal]) -> float | None:
    if len(returns) < 2:
        return None
    mean = _sum(returns) / len(returns)
    variance = _sum([(r - mean) ** 2 for r in returns]) / (len(returns) - 1)
    return _ratio(mean, variance.sqrt())


def _sortino(returns: Sequence[Decimal]) -> float | None:
    if not returns:
        return None
    downside = _sum([min(r, Decimal(0)) ** 2 for r in returns]) / len(returns)
    return _ratio(_sum(returns) / len(returns), downside.sqrt())


def _groups(pnl_of: Iterable[tuple[Key, Decimal]]) -> dict[Key, Group]:
    """By key, in the order of first appearance."""
    grouped: dict[Key, list[Decimal]] = {}
    for key, pnl in pnl_of:
        grouped.setdefault(key, []).append(pnl)
    return {key: Group(len(p), sum(v > 0 for v in p), float(_sum(p))) for key, p in grouped.items()}

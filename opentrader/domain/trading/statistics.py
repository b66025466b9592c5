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
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Context, Decimal, localcontext
from typing import Generic, Protocol, TypeVar

_EXACT = Context(prec=60)  # more than any sum of prices and sizes needs: only quotients and roots are rounded
_ZERO = Decimal(0)


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


class Totals(Generic[T]):
    """What the statistics of all trades so far follow from: a further trade costs the same, however many there were.

    Of equal trades, the one closed first is `best` or `worst`. Those without an agent are missing only from `by_agent`.
    """

    def __init__(self) -> None:
        self.last = -math.inf  # Unix seconds
        self._trades = 0
        self._gains, self._losses = _Sum(), _Sum()
        self._pct = self._pct_squares = self._downside = self._peak = self._drawdown = _ZERO
        self._best: T | None = None
        self._worst: T | None = None
        self._groups: tuple[dict[str, _Sum], ...] = ({}, {}, {})

    def add(self, trades: Iterable[T]) -> None:
        """Count trades, in any order; none that was counted before was closed after one of them."""
        with localcontext(_EXACT):
            for trade in sorted(trades, key=lambda t: t.closed_at):
                self._add(trade, trade.pnl, trade.pnl_pct)

    def _add(self, trade: T, pnl: Decimal, pct: Decimal) -> None:
        self.last, self._trades = trade.closed_at, self._trades + 1
        if pnl > 0:
            self._gains.add(pnl)
        elif pnl < 0:
            self._losses.add(pnl)
        self._pct, self._pct_squares = self._pct + pct, self._pct_squares + pct**2
        self._downside += min(pct, _ZERO) ** 2
        equity = self._gains.pnl + self._losses.pnl
        self._peak = max(self._peak, equity)
        self._drawdown = max(self._drawdown, self._peak - equity)
        if self._best is None or pnl > self._best.pnl:
            self._best = trade
        if self._worst is None or pnl < self._worst.pnl:
            self._worst = trade
        for groups, key in zip(self._groups, (trade.symbol, trade.bot, trade.agent), strict=True):
            if key is not None:
                groups.setdefault(key, _Sum()).add(pnl)

    def stats(self) -> Stats[T]:
        """The statistics so far."""
        with localcontext(_EXACT):
            return self._stats()

    def _stats(self) -> Stats[T]:
        n, gains, losses = Decimal(self._trades), self._gains, self._losses
        pnl = gains.pnl + losses.pnl
        by_symbol, by_bot, by_agent = ({key: one.group() for key, one in groups.items()} for groups in self._groups)
        return Stats(
            total_trades=self._trades,
            wins=gains.trades,
            losses=losses.trades,
            breakeven=self._trades - gains.trades - losses.trades,
            win_rate=_ratio(Decimal(100 * gains.trades), n),
            total_pnl=float(pnl),
            avg_pnl_pct=_ratio(self._pct, n),
            avg_win=_ratio(gains.pnl, Decimal(gains.trades)),
            avg_loss=_ratio(losses.pnl, Decimal(losses.trades)),
            profit_factor=_ratio(gains.pnl, -losses.pnl),
            expectancy=_ratio(pnl, n),
            max_drawdown=float(self._drawdown),
            sharpe=self._sharpe(),
            sortino=_ratio(self._pct / n, (self._downside / n).sqrt()) if n else None,
            calmar=_ratio(pnl, self._drawdown),
            best=self._best,
            worst=self._worst,
            by_symbol=by_symbol,
            by_bot=by_bot,
            by_agent=by_agent,
        )

    def _sharpe(self) -> float | None:
        """The variance comes from exact sums: of equal returns it is 0."""
        n = self._trades
        if n < 2:
            return None
        variance = max(self._pct_squares * n - self._pct**2, _ZERO) / (n * (n - 1))
        return _ratio(self._pct / n, variance.sqrt())


class _Sum:
    """Trades and their PnL."""

    __slots__ = ("pnl", "trades", "wins")

    def __init__(self) -> None:
        self.trades, self.wins, self.pnl = 0, 0, _ZERO

    def add(self, pnl: Decimal) -> None:
        self.trades, self.wins, self.pnl = self.trades + 1, self.wins + (pnl > 0), self.pnl + pnl

    def group(self) -> Group:
        return Group(self.trades, self.wins, float(self.pnl))


def _ratio(above: Decimal, below: Decimal) -> float | None:
    """The quotient; None for a division by zero and for a result that no float can hold."""
    if not below:
        return None
    quotient = float(above / below)
    return quotient if math.isfinite(quotient) else None

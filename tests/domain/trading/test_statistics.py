"""The statistics against the plain formulas, in floats and numpy's, and where there is nothing to divide by."""

from __future__ import annotations

import json
import math
import statistics as stdlib
from dataclasses import asdict, dataclass, fields
from decimal import Decimal
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.trading.statistics import Group, Stats, Totals


@dataclass(frozen=True)
class Trade:
    pnl: Decimal
    pnl_pct: Decimal
    symbol: str = "BTCUSDT"
    bot: str = "manual"
    agent: str | None = None
    closed_at: int = 0


def statistics(trades: list[Trade]) -> Stats[Trade]:
    totals = Totals[Trade]()
    totals.add(trades)
    return totals.stats()


def trade(pnl, pnl_pct=None, **named) -> Trade:
    return Trade(Decimal(str(pnl)), Decimal(str(pnl if pnl_pct is None else pnl_pct)), **named)


def cents(largest: int) -> st.SearchStrategy[Decimal]:
    return st.integers(-largest, largest).map(lambda n: Decimal(n) / 100)


TRADES = st.lists(
    st.builds(
        Trade,
        cents(100_000),
        cents(10_000),
        st.sampled_from(["BTCUSDT", "ETHUSDT"]),
        st.sampled_from(["a", "b"]),
        st.sampled_from([None, "scout", "coo"]),
        st.integers(0, 20),
    ),
    max_size=40,
)


def close(value: float | None, expected: float | None) -> bool:
    if value is None or expected is None:
        return value is expected
    return math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)


def naive_drawdown(pnl: list[float]) -> float:
    """The deepest of all falls from any point of the equity curve to any later one."""
    equity = [sum(pnl[:i]) for i in range(len(pnl) + 1)]
    return max(equity[i] - equity[j] for i in range(len(equity)) for j in range(i, len(equity)))


def or_none(fn, *args):
    try:
        return fn(*args)
    except (ZeroDivisionError, stdlib.StatisticsError):
        return None


@given(TRADES)
def test_counts_and_sums_are_those_of_the_definitions(trades):
    stats = statistics(trades)
    pnl = [float(t.pnl) for t in trades]
    gains, losses = [p for p in pnl if p > 0], [p for p in pnl if p < 0]
    assert (stats.total_trades, stats.wins, stats.losses) == (len(pnl), len(gains), len(losses))
    assert stats.breakeven == pnl.count(0)
    assert close(stats.win_rate, or_none(lambda: 100 * len(gains) / len(pnl)))
    assert close(stats.total_pnl, math.fsum(pnl))
    assert close(stats.avg_win, or_none(stdlib.fmean, gains))
    assert close(stats.avg_loss, or_none(stdlib.fmean, losses))
    assert close(stats.expectancy, or_none(stdlib.fmean, pnl))
    assert close(stats.avg_pnl_pct, or_none(stdlib.fmean, [float(t.pnl_pct) for t in trades]))
    assert close(stats.profit_factor, or_none(lambda: math.fsum(gains) / -math.fsum(losses)))


@given(TRADES)
def test_risk_is_that_of_the_definitions(trades):
    stats = statistics(trades)
    ordered = [t for at in range(21) for t in trades if t.closed_at == at]
    drawdown = naive_drawdown([float(t.pnl) for t in ordered])
    assert close(stats.max_drawdown, drawdown)
    assert close(stats.calmar, None if drawdown < 1e-6 else stats.total_pnl / drawdown)
    r = np.array([float(t.pnl_pct) for t in trades])
    spread = float(np.std(r, ddof=1)) if len(r) > 1 else 0.0
    downside = float(np.sqrt(np.mean(np.minimum(r, 0) ** 2))) if len(r) else 0.0
    assert close(stats.sharpe, float(r.mean()) / spread if spread > 1e-6 else None)
    assert close(stats.sortino, float(r.mean()) / downside if downside > 0 else None)


@given(TRADES)
def test_the_groups_add_up_to_the_whole(trades):
    stats = statistics(trades)
    for groups in (stats.by_symbol, stats.by_bot):
        assert sum(g.trades for g in groups.values()) == stats.total_trades
        assert sum(g.wins for g in groups.values()) == stats.wins
        assert close(sum(g.pnl for g in groups.values()), stats.total_pnl)
    for agent, group in stats.by_agent.items():
        theirs = [t for t in trades if t.agent == agent]
        assert (group.trades, group.wins) == (len(theirs), sum(t.pnl > 0 for t in theirs))
        assert close(group.pnl, float(sum(t.pnl for t in theirs)))
    assert set(stats.by_agent) == {t.agent for t in trades} - {None}


@given(TRADES)
def test_best_and_worst_are_trades_that_none_surpasses(trades):
    stats = statistics(trades)
    assert (stats.best is None) == (stats.worst is None) == (not trades)
    pnls = [t.pnl for t in trades]
    best, worst = (None if trade is None else trade.pnl for trade in (stats.best, stats.worst))
    assert (best, worst) == (max(pnls, default=None), min(pnls, default=None))


@given(TRADES, st.randoms())
def test_the_order_in_which_trades_are_given_does_not_count(trades, random):
    trades = [Trade(t.pnl, t.pnl_pct, t.symbol, t.bot, t.agent, at) for at, t in enumerate(trades)]
    shuffled = random.sample(trades, len(trades))
    assert statistics(shuffled) == statistics(trades)


@given(TRADES, st.data())
def test_trades_counted_one_after_the_other_give_the_same(trades, data):
    ordered = sorted(trades, key=lambda t: t.closed_at)
    totals, left = Totals[Trade](), ordered
    while left:
        count = data.draw(st.integers(1, len(left)))
        totals.add(left[:count])
        left = left[count:]
        assert totals.stats() == statistics(ordered[: len(ordered) - len(left)])


EXTREME = st.decimals("-1e200", "1e200", allow_nan=False, places=None) | st.sampled_from(
    [Decimal("1e-200"), Decimal("-1e-200"), Decimal("1e200"), Decimal("-1e200"), Decimal("0E+5"), Decimal("-0")]
)


@given(st.lists(st.builds(Trade, EXTREME, EXTREME), max_size=6))
def test_no_figure_is_ever_nan_or_infinite(trades):
    stats = statistics(trades)
    figures: dict[str, Any] = {f.name: getattr(stats, f.name) for f in fields(Stats) if f.name not in ("best", "worst")}
    figures["groups"] = [asdict(g) for g in stats.by_symbol.values()]
    del figures["by_symbol"], figures["by_bot"], figures["by_agent"]
    json.dumps(figures, allow_nan=False)


def test_without_trades_there_is_nothing_to_say():
    stats: Stats[Trade] = statistics([])
    assert stats == Stats(
        total_trades=0,
        wins=0,
        losses=0,
        breakeven=0,
        win_rate=None,
        total_pnl=0.0,
        avg_pnl_pct=None,
        avg_win=None,
        avg_loss=None,
        profit_factor=None,
        expectancy=None,
        max_drawdown=0.0,
        sharpe=None,
        sortino=None,
        calmar=None,
        best=None,
        worst=None,
        by_symbol={},
        by_bot={},
        by_agent={},
    )


def test_a_history_worked_out_by_hand():
    trades = [
        trade(10, 1, symbol="ETHUSDT", closed_at=4),
        trade(20, 2, bot="mr_combined", agent="scout", closed_at=1),
        trade(-5, -1, closed_at=2),
        trade(-10, -2, symbol="ETHUSDT", closed_at=3),
        trade(0, 0, closed_at=5),
    ]
    stats = statistics(trades)
    assert (stats.wins, stats.losses, stats.breakeven, stats.win_rate) == (2, 2, 1, 40.0)
    assert (stats.total_pnl, stats.avg_win, stats.avg_loss, stats.expectancy) == (15.0, 15.0, -7.5, 3.0)
    assert (stats.profit_factor, stats.max_drawdown, stats.calmar) == (2.0, 15.0, 1.0)
    assert (stats.avg_pnl_pct, stats.sharpe, stats.sortino) == (0.0, 0.0, 0.0)
    assert (stats.best, stats.worst) == (trades[1], trades[3])
    assert stats.by_symbol == {"BTCUSDT": Group(3, 1, 15.0), "ETHUSDT": Group(2, 1, 0.0)}
    assert stats.by_bot == {"mr_combined": Group(1, 1, 20.0), "manual": Group(4, 1, -5.0)}
    assert stats.by_agent == {"scout": Group(1, 1, 20.0)}


def test_sums_are_exact_where_floats_are_not():
    assert statistics([trade("0.1"), trade("0.2"), trade("-0.3")]).total_pnl == 0.0
    assert statistics([trade("0.1")] * 10).expectancy == 0.1


def test_returns_that_never_differ_have_no_sharpe_ratio():
    assert statistics([trade("0.3")] * 7).sharpe is None
    assert statistics([trade("0.3")]).sharpe is None


@pytest.mark.parametrize("first", [trade(-5, closed_at=1), trade(-7, closed_at=1)])
def test_a_history_that_begins_with_a_loss_falls_from_zero(first):
    assert statistics([first, trade(3, closed_at=2)]).max_drawdown == -float(first.pnl)

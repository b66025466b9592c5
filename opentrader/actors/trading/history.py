"""Reads what is over: the history of trades, its figures, and the audit log. It never waits for an exchange."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from opentrader.actors.messages import trading as m
from opentrader.actors.messages import trading_replies as t
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message, Tick
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.trading.replies.outcomes import shown
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.ports import AuditStore, History
from opentrader.domain.trading.statistics import Stats, statistics


@dataclass(frozen=True, slots=True)
class Tidied(Message[None]):
    outcome: Outcome[None]


class Archive(Actor):
    """`tidy` is done each hour: a copy of the store is made, and what is too old is dropped."""

    tick_seconds = 3600.0

    def __init__(
        self, context: Context, history: History, audit: AuditStore, tidy: Callable[[float], Coroutine[Any, Any, None]]
    ) -> None:
        super().__init__(context)
        self._history, self._audit, self._tidy = history, audit, tidy

    @handles(Tick)
    def hourly(self, message: Tick) -> None:
        self.pipe(self._tidy(message.at), then=Tidied)

    @handles(Tidied)
    def tidied(self, message: Tidied) -> None:
        message.outcome.unwrap()

    @handles(m.HistoryOf)
    def history(self, message: m.HistoryOf) -> t.History:
        rows = tuple(map(shown, self._history.page(message.limit, message.offset)))
        return t.History(rows, len(rows), self._history.total(), message.limit, message.offset)

    @handles(m.StatsOf)
    def stats(self, message: m.StatsOf) -> t.Stats:
        return _figures(statistics(self._history.all()))

    @handles(m.AuditOf)
    def audit(self, message: m.AuditOf) -> t.Audit:
        found, total = self._audit.page(
            message.limit, message.offset, since=message.since, action=message.action, symbol=message.symbol
        )
        entries = tuple(
            t.AuditEntry(
                entry.id, entry.ts, entry.agent, entry.action, entry.symbol, entry.outcome, entry.status,
                entry.request_id, dict(entry.params),
            )
            for entry in found
        )  # fmt: skip
        return t.Audit(entries, len(entries), total, message.limit, message.offset)


def _figures(stats: Stats[ClosedTrade]) -> t.Stats:
    return t.Stats(
        stats.total_trades,
        stats.wins,
        stats.losses,
        stats.breakeven,
        stats.win_rate,
        stats.total_pnl,
        stats.avg_pnl_pct,
        stats.avg_win,
        stats.avg_loss,
        stats.profit_factor,
        stats.expectancy,
        stats.max_drawdown,
        None if stats.best is None else shown(stats.best),
        None if stats.worst is None else shown(stats.worst),
        stats.by_symbol,
        stats.by_bot,
        stats.by_agent,
        stats.sharpe,
        stats.sortino,
        stats.calmar,
    )

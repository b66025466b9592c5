"""Reads what is over: the history of trades, its figures, and the audit log. It never waits for an exchange."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any

from opentrader.actors import messages
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

    @handles(messages.HistoryOf)
    def history(self, message: messages.HistoryOf) -> messages.HistoryReply:
        rows = tuple(map(shown, self._history.page(message.limit, message.offset)))
        return messages.HistoryReply(rows, len(rows), self._history.total(), message.limit, message.offset)

    @handles(messages.StatsOf)
    def stats(self, message: messages.StatsOf) -> messages.StatsReply:
        return _figures(statistics(self._history.all()))

    @handles(messages.AuditOf)
    def audit(self, message: messages.AuditOf) -> messages.Audit:
        found, total = self._audit.page(
            message.limit, message.offset, since=message.since, action=message.action, symbol=message.symbol
        )
        entries = tuple(
            messages.AuditEntryReply(
                entry.id,
                entry.ts,
                entry.agent,
                entry.action,
                entry.symbol,
                entry.outcome,
                entry.status,
                entry.request_id,
                dict(entry.params),
            )
            for entry in found
        )
        return messages.Audit(entries, len(entries), total, message.limit, message.offset)


def _figures(stats: Stats[ClosedTrade]) -> messages.StatsReply:
    return messages.StatsReply(
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

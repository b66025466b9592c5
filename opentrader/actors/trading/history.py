"""Reads closed trades, their statistics and the audit log. It never waits for an exchange."""

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
from opentrader.actors.trading.replies.outcomes import closed_trade_reply
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.ports import AuditStore, History
from opentrader.domain.trading.statistics import Stats, Totals


@dataclass(frozen=True, slots=True)
class Tidied(Message[None]):
    outcome: Outcome[None]


class Tally:
    """The statistics of the history. All rows are read anew where one was booked again, or others came after it."""

    def __init__(self, history: History) -> None:
        self._history = history
        self._totals, self._rows, self._seen = Totals[ClosedTrade](), 0, 0

    def stats(self) -> Stats[ClosedTrade]:
        """The statistics of all rows that are stored now."""
        rows, seen = self._history.since(self._seen)
        replaced = self._history.total() < self._rows + len(rows)
        if replaced or any(row.closed_at <= self._totals.last for row in rows):
            self._totals, self._rows, self._seen = Totals(), 0, 0
            rows, seen = self._history.since(0)
        self._totals.add(row for row in rows if row.counted)
        self._rows, self._seen = self._rows + len(rows), seen
        return self._totals.stats()


class HistoryReader(Actor):
    """Runs `tidy` once an hour: it backs up the store and deletes what has expired."""

    tick_seconds = 3600.0

    def __init__(
        self, context: Context, history: History, audit: AuditStore, tidy: Callable[[float], Coroutine[Any, Any, None]]
    ) -> None:
        super().__init__(context)
        self._history, self._audit, self._tidy = history, audit, tidy
        self._tally = Tally(history)

    @handles(Tick)
    def hourly(self, message: Tick) -> None:
        self.pipe(self._tidy(message.at), then=Tidied)

    @handles(Tidied)
    def tidied(self, message: Tidied) -> None:
        message.outcome.unwrap()

    @handles(messages.HistoryOf)
    def history(self, message: messages.HistoryOf) -> messages.HistoryReply:
        rows = tuple(map(closed_trade_reply, self._history.page(message.limit, message.offset)))
        return messages.HistoryReply(
            trades=rows, count=len(rows), total=self._history.total(), limit=message.limit, offset=message.offset
        )

    @handles(messages.StatsOf)
    def stats(self, message: messages.StatsOf) -> messages.StatsReply:
        return _figures(self._tally.stats())

    @handles(messages.AuditOf)
    def audit(self, message: messages.AuditOf) -> messages.Audit:
        found, total = self._audit.page(
            message.limit, message.offset, since=message.since, action=message.action, symbol=message.symbol
        )
        entries = tuple(
            messages.AuditEntryReply(
                id=entry.id,
                ts=entry.ts,
                agent=entry.agent,
                action=entry.action,
                symbol=entry.symbol,
                outcome=entry.outcome,
                status=entry.status,
                request_id=entry.request_id,
                params=dict(entry.params),
            )
            for entry in found
        )
        return messages.Audit(
            entries=entries, count=len(entries), total=total, limit=message.limit, offset=message.offset
        )


def _figures(stats: Stats[ClosedTrade]) -> messages.StatsReply:
    return messages.StatsReply(
        total_trades=stats.total_trades,
        wins=stats.wins,
        losses=stats.losses,
        breakeven=stats.breakeven,
        win_rate=stats.win_rate,
        total_pnl=stats.total_pnl,
        avg_pnl_pct=stats.avg_pnl_pct,
        avg_win=stats.avg_win,
        avg_loss=stats.avg_loss,
        profit_factor=stats.profit_factor,
        expectancy=stats.expectancy,
        max_drawdown=stats.max_drawdown,
        best=None if stats.best is None else closed_trade_reply(stats.best),
        worst=None if stats.worst is None else closed_trade_reply(stats.worst),
        by_symbol=stats.by_symbol,
        by_bot=stats.by_bot,
        by_agent=stats.by_agent,
        sharpe=stats.sharpe,
        sortino=stats.sortino,
        calmar=stats.calmar,
    )

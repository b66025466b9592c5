"""The import of closed trades that no journal knows, from the exchange."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.replies.outcomes import closed, closed_trade_reply
from opentrader.domain.ports import Clock
from opentrader.domain.symbols import QUOTE
from opentrader.domain.timeframes import WEEK_MS
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import LifecycleSettings, Trade, ended, own_fills
from opentrader.domain.trading.looks import VenueView, everything
from opentrader.errors import SymbolNotFound

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class EndedRead(Message[messages.Synced]):
    """The trades that have ended at the exchange, and their rows."""

    outcome: Outcome[tuple[tuple[Trade, ClosedTrade | None], ...]]


@dataclass(frozen=True, slots=True)
class Imported(Message[messages.Synced]):
    """`seen` ended trades were looked at; the outcome holds the rows that are new."""

    seen: int
    outcome: Outcome[list[ClosedTrade]]


class HistoryImport(TradingPart):
    """Imports what ended in known symbols, in those of `watchlist`, and in those of the assets held."""

    def __init__(self, desk: Desk, watchlist: tuple[str, ...]) -> None:
        super().__init__(desk)
        self._watchlist = watchlist

    @handles(messages.SyncTrades)
    def sync(self, message: messages.SyncTrades) -> Reply[messages.Synced]:
        rows = self._history.page(1_000, 0)
        known = {row.symbol for row in rows} | set(self.book.filters) | set(self._watchlist)
        return self.links.pipe(
            ended_trades(self._exchange, self.links.clock, known, self._instance, self._rules), then=EndedRead
        )

    @handles(EndedRead)
    def import_ended(self, message: EndedRead) -> Reply[messages.Synced]:
        """Import the closed trades that belong to no journaled trade; open ones are not imported."""
        skipped, rows = 0, list[ClosedTrade]()
        for trade, row in message.outcome.unwrap():
            if self._journal.owners(cid for leg in trade.legs for cid in leg.cids if cid):
                skipped += 1
            elif row is not None:
                rows.append(row)
        keep = self._history.add(rows, self.links.clock.market_ms())
        return self.links.pipe(keep, then=partial(Imported, skipped + len(rows)))

    @handles(Imported)
    def imported(self, message: Imported) -> messages.Synced:
        new = message.outcome.unwrap()
        return messages.Synced(len(new), message.seen - len(new), tuple(map(closed_trade_reply, new)))


async def ended_trades(
    exchange: Exchange, clock: Clock, known: set[str], instance: str, rules: LifecycleSettings
) -> tuple[tuple[Trade, ClosedTrade | None], ...]:
    """The trades that ended in the last week, with their rows: in known symbols, and in those of the assets held."""
    account = await exchange.account()
    held = {asset + QUOTE for asset in (*account.balances, *account.unreadable) if asset != QUOTE}
    now, found = clock.market_ms(), list[tuple[Trade, ClosedTrade | None]]()
    for symbol in sorted(known | held):
        try:
            view = await exchange.look(everything(symbol, now - WEEK_MS))
        except SymbolNotFound:
            continue
        found += [(trade, _imported(trade, view, now)) for trade in ended(view, instance, now, rules)]
    return tuple(found)


def _imported(trade: Trade, view: VenueView, now: int) -> ClosedTrade | None:
    fills: Sequence[Any] = own_fills(trade, view.fills or ())
    row = closed(trade, fills, view.filters, view.last or trade.intent.px, now)
    return None if row is None else replace(row, exit_reason="synced")

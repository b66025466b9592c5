"""Taking pending LIMIT entries back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from opentrader.actors import messages
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.replies.presenter import entry_reply, is_pending
from opentrader.actors.trading.waiters import Tell, until
from opentrader.domain.trading.ledger import Command
from opentrader.domain.trading.lifecycle import Trade, cancel_entry
from opentrader.errors import PendingEntryNotFound


@dataclass(frozen=True, slots=True)
class CancelPendingEntry(Message[messages.PendingEntry]):
    """Cancel one pending entry."""

    owner = "position_manager"
    own = True
    urgent = True
    id: str
    agent: str = ""


@dataclass(frozen=True, slots=True)
class CancelCommitted(Message[messages.PendingEntry]):
    trade: Trade
    outcome: Outcome[None]


class PendingCancels(TradingPart):
    """Cancels single pending entries."""

    def __init__(self, desk: Desk, loop: LifecycleLoop) -> None:
        super().__init__(desk)
        self._loop = loop

    @handles(CancelPendingEntry)
    def cancel_pending(self, message: CancelPendingEntry) -> Reply[messages.PendingEntry]:
        trade = self.book.trades.get(message.id)
        if trade is None or not is_pending(trade):
            raise PendingEntryNotFound(
                f"there is no pending entry {message.id}", hint="GET /api/pending-entries lists pending entries"
            )
        wanted, now, pair = cancel_entry(trade), self.links.clock.market_ms(), trade.intent.symbol
        command = Command(
            id=self.links.ids.new(),
            kind="cancel",
            symbol=pair,
            agent=message.agent,
            idem_key="",
            trades=(message.id,),
            at_ms=now,
        )
        save = self._loop.saving(wanted, "cancel asked", now)
        keep = self._journal.commit([save, self._commands.journaling(command)])
        return self.links.pipe(keep, then=partial(CancelCommitted, wanted), exclusive=pair)

    @handles(CancelCommitted)
    def pending_canceled(self, message: CancelCommitted) -> Reply[messages.PendingEntry]:
        message.outcome.unwrap()
        self._loop.assign(message.trade)
        self._loop.hurry(message.trade)
        return self.links.pipe(
            until_canceled(self.links.tell, message.trade.intent.id, self._ended_entry(message.trade))
        )

    def _ended_entry(self, trade: Trade) -> Callable[[], Trade | None]:
        """Returns the trade once its entry is not pending anymore; for the actor's thread."""
        last = trade

        def ended() -> Trade | None:
            nonlocal last
            last = self.book.trades.get(trade.intent.id, last)
            return None if is_pending(last) else last

        return ended


async def until_canceled(tell: Tell, key: str, ended: Callable[[], Trade | None]) -> messages.PendingEntry:
    return entry_reply(await until(tell, frozenset({key}), ended))

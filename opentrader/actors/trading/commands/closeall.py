"""Closing everything: all positions, and the entries that wait if that is asked for. A command: see `marking`."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.messages import ScanFailure
from opentrader.actors.runtime.context import Ask
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.commands.marking import (
    QUEUED,
    Marked,
    Marking,
    Settled,
    begun,
    in_time,
    is_queued,
    settled_in,
    until_ended,
)
from opentrader.actors.trading.control import ControlDesk, changed_control
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.replies.outcomes import closed_trade_reply
from opentrader.actors.trading.replies.presenter import entry_reply
from opentrader.actors.trading.waiters import Tell, telling
from opentrader.domain.time_limits import CLOSE_SECONDS
from opentrader.domain.trading.ledger import Command, CommandKind, Control
from opentrader.domain.trading.lifecycle import Trade
from opentrader.errors import ExchangeError, InternalError, OpentraderError

logger = logging.getLogger(__name__)

Failures = tuple[ScanFailure, ...]
NOT_QUEUED = "not every close is queued: see GET /api/trades, and send closeall again"  # the hint then


@dataclass(frozen=True, slots=True)
class CloseTrades(Message[None]):
    """Mark those trades of a pair that a closeall is about."""

    owner = "position_manager"
    own = True
    urgent = True
    command: Command
    pair: str
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class TradesMarked(Message[None]):
    marked: Marked
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class CloseAllJournaled(Message[messages.ClosedAll]):
    command: Command
    control: Control
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class CloseAllEnded(Message[messages.ClosedAll]):
    """Entries may be allowed again."""

    command: Command
    outcome: Outcome[Failures]


@dataclass(frozen=True, slots=True)
class AllClosed(Message[messages.ClosedAll]):
    command: Command
    outcome: Outcome[Failures]


@dataclass(frozen=True, slots=True)
class Share:
    """What a closeall is about in one pair, and which of these trades have yet to be marked."""

    command: Command
    pair: str
    ids: frozenset[str]
    unmarked: frozenset[str]


class CloseAlls(TradingPart):
    """Closes the trades of all symbols, and bars entries until that is done."""

    def __init__(self, desk: Desk, marking: Marking, control: ControlDesk) -> None:
        super().__init__(desk)
        self._marking, self._control = marking, control
        self._under_way = 0

    @handles(messages.CloseAll)
    def close_all(self, message: messages.CloseAll) -> Reply[messages.ClosedAll]:
        """One commit bars entries and decides which trades are closed."""
        kind: CommandKind = "closeall_pending" if message.cancel_pending else "closeall"
        command, before = self._marking.command(kind, message), self._control.control
        control = replace(before, closeall_since=before.closeall_since or command.at_ms // 1000)
        keep = self._control.storing(control, self._commands.journaling(command))
        return self.links.pipe(
            keep, then=partial(CloseAllJournaled, command, control), exclusive="control", facts=begun(command)
        )

    @handles(CloseAllJournaled)
    def all_journaled(self, message: CloseAllJournaled) -> Reply[messages.ClosedAll]:
        message.outcome.unwrap()
        self._control.apply(message.control)
        return self._close_everything(message.command)

    def resume(self) -> None:
        """Carry on the closealls that the last process did not finish."""
        since = self._control.control.closeall_since
        if since is None:
            return
        begun = self._commands.closealls(since * 1000)
        for command in begun:
            self._close_everything(command, again=True)
        if not begun:  # by a version that did not journal it: all that is open is closed
            self.links.tell(messages.CloseAll())

    def _close_everything(self, command: Command, *, again: bool = False) -> Reply[messages.ClosedAll]:
        self._under_way += 1
        return self.links.pipe(
            self._shares_closed(command, again=again), then=partial(CloseAllEnded, command), facts=begun(command)
        )

    @handles(CloseAllEnded)
    def all_ended(self, message: CloseAllEnded) -> Reply[messages.ClosedAll]:
        self._under_way -= 1
        work = reopened(self.links.ask, self._reopening, message.command, message.outcome)
        return self.links.pipe(work, then=partial(AllClosed, message.command), facts=begun(message.command))

    def _reopening(self, control: Control) -> Control:
        """The last closeall allows entries again, whatever its outcome."""
        return control if self._under_way else replace(control, closeall_since=None)

    @handles(CloseTrades)
    def close_trades(self, message: CloseTrades) -> Reply[None]:
        marked = self._marking.marked(message.command, message.pair, message.ids)
        keep = self._journal.commit(self._marking.saving(marked))
        return self.links.pipe(keep, then=partial(TradesMarked, marked), exclusive=message.pair)

    @handles(TradesMarked)
    def trades_marked(self, message: TradesMarked) -> None:
        message.outcome.unwrap()
        self._marking.carry_out(message.marked)

    def answer(self, command: Command) -> Reply[Any]:
        """The reply to a closeall, whenever it is asked for: what became of the trades that it is about."""
        return self.links.pipe(
            self._shares_closed(command, again=True), then=partial(AllClosed, command), facts=begun(command)
        )

    @handles(AllClosed)
    def all_closed(self, message: AllClosed) -> messages.ClosedAll:
        command, failed = message.command, message.outcome.unwrap()
        ended = tuple(filter(self.book.has_ended, command.trades))
        closed = tuple(map(closed_trade_reply, self._history.of(ended)))
        cancelled = self._cancelled(ended)
        if failed and not closed and not cancelled:
            raise ExchangeError(
                f"none of {len(failed)} symbols could be closed yet",
                hint=QUEUED if self._is_queued(command) else NOT_QUEUED,
                failed=[asdict(failure) for failure in failed],
                **begun(command),
            )
        return messages.ClosedAll(
            ok=not failed,
            closed=closed,
            failed=failed,
            count=len(closed),
            intent_id=command.id,
            cancelled_entries=cancelled,
        )

    def _is_queued(self, command: Command) -> bool:
        """Whether all that has not ended goes on by itself; a restored trade that is still listed was not marked."""
        left = (self.book.trades.get(key) for key in self._marking.places(command) if key not in self.book.rows)
        return all(trade is not None and is_queued(trade) for trade in left)

    def _cancelled(self, ended: Sequence[str]) -> tuple[messages.PendingEntry, ...]:
        """The entries that a closeall has taken back, and that had bought nothing; others ended by themselves."""
        trades = (self.book.trades.get(key) or self._journal.trade(key) for key in ended)
        replies = (entry_reply(trade) for trade in trades if trade is not None and is_closed_by_all(trade))
        return tuple(reply for reply in replies if reply.status == "cancelled")

    def _shares_closed(self, command: Command, *, again: bool = False) -> Coroutine[Any, Any, Failures]:
        shares = tuple(self._shares(command, again=again))
        return shares_closed(self.links.ask, self.links.tell, shares, partial(settled_in, self.book))

    def _shares(self, command: Command, *, again: bool) -> Iterator[Share]:
        """A trade that was marked is not marked again: what an operator has decided since then stays."""
        pairs = self._marking.places(command)
        watched = pairs.keys() & self.book.trades.keys()
        marked = {key for key in watched if again and is_marked(self.book.trades[key], command)}
        for pair in sorted(set(pairs.values())):
            ids = frozenset(key for key, of in pairs.items() if of == pair)
            yield Share(command, pair, ids & watched, ids - marked)


def is_marked(trade: Trade, command: Command) -> bool:
    """Whether a closeall has nothing to add.

    What was marked by an earlier close may have gone into quarantine, and is marked again. A quarantine that came after
    the closeall had overruled one stays.
    """
    return is_queued(trade) or trade.overruled >= command.at_ms


def is_closed_by_all(trade: Trade) -> bool:
    """Whether a LIMIT entry was marked by a closeall."""
    return trade.intent.kind == "limit" and trade.close_reason == "closeall"


async def shares_closed(ask: Ask, tell: Tell, shares: Sequence[Share], settled: Settled) -> Failures:
    """Close the symbols in parallel, independently of each other. Returns those that are not closed in time."""
    work = (in_time(share_closed(ask, tell, share, settled), share.pair) for share in shares)
    answers = await asyncio.gather(*work, return_exceptions=True)
    pairs = (share.pair for share in shares)
    return tuple(_failure(pair, each) for pair, each in zip(pairs, answers, strict=True) if each is not None)


async def share_closed(ask: Ask, tell: Tell, share: Share, settled: Settled) -> None:
    if share.unmarked:
        await ask(CloseTrades(share.command, share.pair, share.unmarked), timeout=CLOSE_SECONDS)
    await until_ended(tell, share.ids, settled)


async def reopened(
    ask: Ask, ended: Callable[[Control], Control], command: Command, outcome: Outcome[Failures]
) -> Failures:
    with telling(begun(command)):
        await changed_control(ask, ended)
        return outcome.unwrap()


def _failure(pair: str, error: BaseException) -> ScanFailure:
    if isinstance(error, OpentraderError):
        return ScanFailure(pair, error.code, error.detail)
    logger.error("closing %s failed", pair, exc_info=error)
    return ScanFailure(pair, InternalError.code, f"closing {pair} failed: {type(error).__name__}")

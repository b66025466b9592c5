"""Closing positions: of one symbol, or of all.

Each is a command: which trades it is about is decided once, and journaled in the commit that acts. They tell what
became of it, to the first request and to each repeat; what is open by then does not matter.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.messages import (
    ScanFailure,
)
from opentrader.actors.runtime.context import Ask
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.book import TradeBook
from opentrader.actors.trading.control import ControlDesk, changed_control
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.recovery.restore import Restore, orphan_row
from opentrader.actors.trading.replies.outcomes import closed_trade_reply
from opentrader.actors.trading.replies.presenter import is_at_stake
from opentrader.actors.trading.waiters import Tell, telling, until
from opentrader.domain.time_limits import CLOSE_SECONDS
from opentrader.domain.trading.ledger import ClosedTrade, Command, CommandKind, Control
from opentrader.domain.trading.lifecycle import Trade, close
from opentrader.domain.trading.ports import Change
from opentrader.domain.trading.venue import Filters
from opentrader.errors import (
    AskTimeout,
    ExchangeError,
    InternalError,
    NoPosition,
    OpentraderError,
    PositionNotFound,
)

logger = logging.getLogger(__name__)

Failures = tuple[ScanFailure, ...]
Ended = Callable[[str], bool]
"""Whether a trade has ended; for the actor's thread."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Trades of one pair with the decision to close them, and restored ones, which end with it."""

    pair: str
    trades: tuple[Trade, ...]
    orphans: tuple[ClosedTrade, ...]


@dataclass(frozen=True, slots=True)
class CloseTrades(Message[None]):
    """Mark those trades of a pair that a closeall is about."""

    owner = "position_manager"
    own = True
    urgent = True
    pair: str
    ids: frozenset[str]


@dataclass(frozen=True, slots=True)
class TradesMarked(Message[None]):
    marked: Marked
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class MarketKnown(Message[messages.TradeSold]):
    """The market exists in which there is nothing to sell."""

    request: messages.ExecuteTrade
    outcome: Outcome[Filters]


@dataclass(frozen=True, slots=True)
class CloseJournaled(Message[messages.ClosedReply | messages.TradeSold]):
    command: Command
    marked: Marked
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class ClosedUp(Message[messages.ClosedReply | messages.TradeSold]):
    """The trades of a command have ended."""

    command: Command
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

    pair: str
    ids: frozenset[str]
    unmarked: frozenset[str]


class Closing(TradingPart):
    """Closes the trades of one symbol, or of all."""

    def __init__(self, desk: Desk, loop: LifecycleLoop, restore: Restore, control: ControlDesk) -> None:
        super().__init__(desk)
        self._loop, self._restore, self._control = loop, restore, control
        self._closealls = 0  # in progress

    # --- one symbol

    @handles(messages.ClosePosition)
    def close_position(self, message: messages.ClosePosition) -> Reply[messages.ClosedReply]:
        """Even without a position, the close is stored for an entry of unknown outcome, in case it was filled."""
        held = bool(self._restore.of(message.symbol)) or self.holds(message.symbol)
        return self._close(self._command("close", message, "accepted" if held else PositionNotFound.code))

    def sell(self, message: messages.ExecuteTrade) -> Reply[Any]:
        if self.holds(message.symbol):
            return self._close(self._command("sell", message))
        asked = self._exchange.filters(message.symbol)  # raises `SymbolNotFound`
        return self.links.pipe(asked, then=partial(MarketKnown, message), exclusive=message.symbol)

    @handles(MarketKnown)
    def sell_nothing(self, message: MarketKnown) -> Reply[messages.TradeSold]:
        message.outcome.unwrap()
        return self._close(self._command("sell", message.request, NoPosition.code))

    def _close(self, command: Command) -> Reply[Any]:
        marked = self._marked(command.symbol, command.kind, command.trades)
        keep = self._journal.commit([self._commands.journaling(command), *self._saving(marked, command.kind)])
        return self.links.pipe(
            keep, then=partial(CloseJournaled, command, marked), exclusive=command.symbol, facts=begun(command)
        )

    @handles(CloseJournaled)
    def close_journaled(self, message: CloseJournaled) -> Reply[messages.ClosedReply | messages.TradeSold]:
        message.outcome.unwrap()
        self._carry_out(message.marked)
        return self.answer(message.command)

    @handles(ClosedUp)
    def closed_up(self, message: ClosedUp) -> messages.ClosedReply | messages.TradeSold:
        message.outcome.unwrap()
        command = message.command
        rows = tuple(map(closed_trade_reply, self._history.of(command.trades)))
        if command.kind == "sell":
            now = self.links.clock.market_ms() // 1000
            return messages.TradeSold(closed=rows, agent=command.agent, timestamp=now, intent_id=command.id)
        return messages.ClosedReply(symbol=command.symbol, closed=rows, count=len(rows), intent_id=command.id)

    # --- all symbols

    @handles(messages.CloseAll)
    def close_all(self, message: messages.CloseAll) -> Reply[messages.ClosedAll]:
        """One commit bars entries and decides which trades are closed."""
        command, before = self._command("closeall", message), self._control.control
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
        self._closealls += 1
        return self.links.pipe(
            self._shares_closed(command, again=again), then=partial(CloseAllEnded, command), facts=begun(command)
        )

    @handles(CloseAllEnded)
    def all_ended(self, message: CloseAllEnded) -> Reply[messages.ClosedAll]:
        self._closealls -= 1
        work = reopened(self.links.ask, self._ended_closeall, message.command, message.outcome)
        return self.links.pipe(work, then=partial(AllClosed, message.command), facts=begun(message.command))

    def _ended_closeall(self, control: Control) -> Control:
        """The last closeall allows entries again, whatever its outcome."""
        return control if self._closealls else replace(control, closeall_since=None)

    @handles(CloseTrades)
    def close_trades(self, message: CloseTrades) -> Reply[None]:
        marked = self._marked(message.pair, "closeall", message.ids)
        keep = self._journal.commit(self._saving(marked, "closeall"))
        return self.links.pipe(keep, then=partial(TradesMarked, marked), exclusive=message.pair)

    @handles(TradesMarked)
    def trades_marked(self, message: TradesMarked) -> None:
        message.outcome.unwrap()
        self._carry_out(message.marked)

    @handles(AllClosed)
    def all_closed(self, message: AllClosed) -> messages.ClosedAll:
        command, failed = message.command, message.outcome.unwrap()
        ended = filter(self.book.has_ended, command.trades)
        closed = tuple(map(closed_trade_reply, self._history.of(ended)))
        if failed and not closed:
            raise ExchangeError(
                f"none of {len(failed)} symbols could be closed yet",
                hint="the close stays queued and is retried until the exchange accepts it; see GET /api/trades",
                failed=[asdict(failure) for failure in failed],
                **begun(command),
            )
        return messages.ClosedAll(ok=not failed, closed=closed, failed=failed, count=len(closed), intent_id=command.id)

    # --- both

    def answer(self, command: Command) -> Reply[Any]:
        """The reply to a command, whenever it is asked for: what became of the trades that it is about."""
        if command.kind == "closeall":
            return self.links.pipe(
                self._shares_closed(command, again=True), then=partial(AllClosed, command), facts=begun(command)
            )
        demand_accepted(command)
        waiting = until_closed(self.links.tell, command, self.book.has_ended)
        return self.links.pipe(waiting, then=partial(ClosedUp, command), facts=begun(command))

    def holds(self, pair: str) -> bool:
        """Whether a symbol has a position or an entry in flight; closed trades that are still watched do not count."""
        return any(trade.intent.id not in self.book.rows for trade in at_stake(self.book, pair))

    def _command(
        self,
        kind: CommandKind,
        request: messages.ClosePosition | messages.CloseAll | messages.ExecuteTrade,
        outcome: str = "accepted",
    ) -> Command:
        """A command about all that is at stake now, in the symbol of the request or in all."""
        pair = "" if isinstance(request, messages.CloseAll) else request.symbol
        trades = (trade.intent.id for trade in at_stake(self.book, pair))
        orphans = (trade.id for trade in self._restore.restored if pair in {"", trade.symbol})
        return Command(
            id=self.links.ids.new(),
            kind=kind,
            symbol=pair,
            agent=request.agent,
            idem_key=request.idem_key,
            trades=(*trades, *orphans),
            at_ms=self.links.clock.market_ms(),
            outcome=outcome,
        )

    def _marked(self, pair: str, reason: str, ids: Collection[str]) -> Marked:
        now = self.links.clock.market_ms()
        trades = (trade for trade in at_stake(self.book, pair) if trade.intent.id in ids)
        orphans = (trade for trade in self._restore.of(pair) if trade.id in ids)
        return Marked(
            pair,
            tuple(close(trade, reason, now) for trade in trades),
            tuple(orphan_row(each, now) for each in orphans),
        )

    def _saving(self, marked: Marked, reason: str) -> list[Change]:
        now = self.links.clock.market_ms()
        changes = [self._loop.saving(trade, f"{reason} asked", now) for trade in marked.trades]
        changes += [self._control_store.dropping(orphan.id) for orphan in marked.orphans]
        return [*changes, self._history.adding(marked.orphans, now)]

    def _carry_out(self, marked: Marked) -> None:
        """The decision is durable: the loop acts on it."""
        if marked.orphans:
            self._restore.drop({orphan.id for orphan in marked.orphans})
        for trade in marked.trades:
            self._loop.assign(trade)
        self._loop.hurry(*marked.trades)

    def _shares_closed(self, command: Command, *, again: bool = False) -> Coroutine[Any, Any, Failures]:
        shares = tuple(self._shares(command, again=again))
        return shares_closed(self.links.ask, self.links.tell, shares, self.book.has_ended)

    def _shares(self, command: Command, *, again: bool) -> Iterator[Share]:
        """A trade that was marked is not marked again: what an operator has decided since then stays."""
        trades = {key: self.book.trades[key] for key in command.trades if key in self.book.trades}
        pairs = {key: trade.intent.symbol for key, trade in trades.items()}
        pairs |= {trade.id: trade.symbol for trade in self._restore.restored if trade.id in command.trades}
        marked = {key for key, trade in trades.items() if again and trade.close_reason}
        for pair in sorted(set(pairs.values())):
            ids = frozenset(key for key, of in pairs.items() if of == pair)
            yield Share(pair, ids & trades.keys(), ids - marked)


def begun(command: Command) -> dict[str, object]:
    """The facts of every error that a caller is told after the command was journaled."""
    return {"intent_id": command.id}


def demand_accepted(command: Command) -> None:
    """Raise the error that a command was answered with when it was journaled."""
    pair = command.symbol
    if command.outcome == PositionNotFound.code:
        hint = "GET /api/trades lists open positions"
        raise PositionNotFound(f"there is no open position in {pair}", hint=hint, **begun(command))
    if command.outcome == NoPosition.code:
        hint = "on a spot exchange, sell closes a position"
        raise NoPosition(f"there is no open position in {pair} to sell", hint=hint, **begun(command))


async def until_closed(tell: Tell, command: Command, ended: Ended) -> None:
    with telling(begun(command)):
        await in_time(until_ended(tell, frozenset(command.trades), ended), command.symbol)


async def shares_closed(ask: Ask, tell: Tell, shares: Sequence[Share], ended: Ended) -> Failures:
    """Close the symbols in parallel, independently of each other. Returns those that are not closed in time."""
    work = (in_time(share_closed(ask, tell, share, ended), share.pair) for share in shares)
    answers = await asyncio.gather(*work, return_exceptions=True)
    pairs = (share.pair for share in shares)
    return tuple(_failure(pair, each) for pair, each in zip(pairs, answers, strict=True) if each is not None)


async def share_closed(ask: Ask, tell: Tell, share: Share, ended: Ended) -> None:
    if share.unmarked:
        await ask(CloseTrades(share.pair, share.unmarked), timeout=CLOSE_SECONDS)
    await until_ended(tell, share.ids, ended)


async def until_ended(tell: Tell, ids: frozenset[str], ended: Ended) -> None:
    await until(tell, ids, lambda: all(map(ended, ids)) or None)


async def in_time(work: Awaitable[None], pair: str) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await work
    except TimeoutError:
        raise AskTimeout(
            f"{pair} was not closed within {CLOSE_SECONDS:g} s",
            hint="the close stays queued and is retried until the exchange accepts it; see GET /api/trades",
        ) from None


async def reopened(
    ask: Ask, ended: Callable[[Control], Control], command: Command, outcome: Outcome[Failures]
) -> Failures:
    with telling(begun(command)):
        await changed_control(ask, ended)
        return outcome.unwrap()


def at_stake(book: TradeBook, pair: str) -> list[Trade]:
    """The trades of a pair that a close applies to; of all pairs if it is empty."""
    return [x for x in book.trades.values() if pair in {"", x.intent.symbol} and is_at_stake(x)]


def _failure(pair: str, error: BaseException) -> ScanFailure:
    if isinstance(error, OpentraderError):
        return ScanFailure(pair, error.code, error.detail)
    logger.error("closing %s failed", pair, exc_info=error)
    return ScanFailure(pair, InternalError.code, f"closing {pair} failed: {type(error).__name__}")

"""What the closes have in common: the trades that a command is about, the decision to close them, and the wait for it.

Which trades a command is about is decided once, and journaled in the commit that acts. They tell what became of it, to
the first request and to each repeat; what is open by then does not matter.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterable
from dataclasses import dataclass

from opentrader.actors import messages
from opentrader.actors.trading.book import TradeBook
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.recovery.restore import Restore, orphan_row
from opentrader.actors.trading.replies.presenter import is_at_stake, is_pending
from opentrader.actors.trading.waiters import Tell, telling, until
from opentrader.domain.time_limits import CLOSE_SECONDS
from opentrader.domain.trading.ledger import ClosedTrade, Command, CommandKind
from opentrader.domain.trading.lifecycle import Trade, close
from opentrader.domain.trading.ports import Change
from opentrader.errors import AskTimeout, NotInThisState

QUEUED = "the close stays queued and is retried until the exchange accepts it; see GET /api/trades"

Settled = Callable[[Iterable[str]], tuple[Trade, ...] | None]
"""`settled_in` the book of an actor; for that actor's thread."""


@dataclass(frozen=True, slots=True)
class Marked:
    """Trades of one pair with the decision to close them, and restored ones, which end with it."""

    pair: str
    trades: tuple[Trade, ...]
    orphans: tuple[ClosedTrade, ...]
    event: str


class Marking(TradingPart):
    """Marks trades with the decision to close them."""

    def __init__(self, desk: Desk, loop: LifecycleLoop, restore: Restore) -> None:
        super().__init__(desk)
        self._loop, self._restore = loop, restore

    def at_stake(self, pair: str) -> bool:
        """Whether a symbol has a position or an entry in flight; closed trades that are still watched do not count."""
        return any(trade.intent.id not in self.book.rows for trade in self._concerned(pair))

    def holds(self, pair: str) -> bool:
        """Whether a symbol has something to close: what is at stake, or a restored trade."""
        return self.at_stake(pair) or bool(self._restore.of(pair))

    def command(
        self,
        kind: CommandKind,
        request: messages.ClosePosition | messages.CloseAll | messages.ExecuteTrade,
        outcome: str = "accepted",
    ) -> Command:
        """A command about all that it concerns now, in the symbol of the request or in all."""
        pair = "" if isinstance(request, messages.CloseAll) else request.symbol
        trades = (trade.intent.id for trade in self._concerned(pair, pending=kind == "closeall_pending"))
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

    def marked(self, command: Command, pair: str, ids: Collection[str]) -> Marked:
        """Those of a pair, among the trades of a command, that have not ended; an entry that came to rest is one."""
        now, reason = self.links.clock.market_ms(), REASONS.get(command.kind, command.kind)
        trades = (self.book.trades[key] for key in self.book.of(pair) if key in ids)
        orphans = (trade for trade in self._restore.of(pair) if trade.id in ids)
        return Marked(
            pair,
            tuple(close(trade, reason, now) for trade in trades if is_at_stake(trade) or is_pending(trade)),
            tuple(orphan_row(each, now) for each in orphans),
            f"{command.kind} asked",
        )

    def saving(self, marked: Marked) -> list[Change]:
        now = self.links.clock.market_ms()
        changes = [self._loop.saving(trade, marked.event, now) for trade in marked.trades]
        changes += [self._control_store.dropping(orphan.id) for orphan in marked.orphans]
        return [*changes, self._history.adding(marked.orphans, now)]

    def carry_out(self, marked: Marked) -> None:
        """The decision is durable: the loop acts on it."""
        if marked.orphans:
            self._restore.drop({orphan.id for orphan in marked.orphans})
        for trade in marked.trades:
            self._loop.assign(trade)
        self._loop.hurry(*marked.trades)

    def places(self, command: Command) -> dict[str, str]:
        """The pair of each trade of a command that is watched, or listed as restored; by its id."""
        trades = {key: self.book.trades[key] for key in command.trades if key in self.book.trades}
        pairs = {key: trade.intent.symbol for key, trade in trades.items()}
        return pairs | {trade.id: trade.symbol for trade in self._restore.restored if trade.id in command.trades}

    def _concerned(self, pair: str, *, pending: bool = False) -> list[Trade]:
        """The trades of a pair that a close applies to; of all pairs if it is empty."""
        here = (x for x in self.book.trades.values() if pair in {"", x.intent.symbol})
        return [x for x in here if is_at_stake(x) or (pending and is_pending(x))]


REASONS = {"closeall_pending": "closeall"}  # what another kind of command is to a trade


def begun(command: Command) -> dict[str, object]:
    """The facts of every error that a caller is told after the command was journaled."""
    return {"intent_id": command.id}


def is_stopped(trade: Trade) -> bool:
    """Whether nothing is sent for it before an operator decides; a quarantine for want of an exit goes on to sell."""
    return trade.quar == "unknown"


def is_queued(trade: Trade) -> bool:
    """Whether it is being closed, and goes on by itself until that is done."""
    return trade.close_reason != "" and not is_stopped(trade)


def settled_in(book: TradeBook, ids: Iterable[str]) -> tuple[Trade, ...] | None:
    """Those of the trades that stand in quarantine, once all others have ended; None until then."""
    left = tuple(book.trades[key] for key in ids if not book.has_ended(key))
    return left if all(map(is_stopped, left)) else None


async def until_ended(tell: Tell, ids: frozenset[str], settled: Settled) -> None:
    """Until trades have ended. Raises `NotInThisState` where only an operator can end them."""
    stopped = await until(tell, ids, lambda: settled(ids))
    for trade in stopped:
        raise NotInThisState(
            f"trade {trade.intent.id} in {trade.intent.symbol} is in quarantine, and has not ended",
            hint="nothing is sent for it before an operator decides; GET /api/trades shows the state",
        )


async def until_all_ended(tell: Tell, command: Command, settled: Settled) -> None:
    """Until all trades of a command in one symbol have ended."""
    with telling(begun(command)):
        await in_time(until_ended(tell, frozenset(command.trades), settled), command.symbol)


async def in_time(work: Awaitable[None], pair: str) -> None:
    try:
        async with asyncio.timeout(CLOSE_SECONDS):
            await work
    except TimeoutError:
        raise AskTimeout(
            f"{pair} was not closed within {CLOSE_SECONDS:g} s",
            hint=QUEUED,
        ) from None

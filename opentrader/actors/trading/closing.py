"""Closing positions: of one symbol, or of all."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from decimal import Decimal
from functools import partial

from opentrader.actors import messages
from opentrader.actors.messages import (
    ScanFailure,
)
from opentrader.actors.runtime.context import Ask
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.control import changed_control
from opentrader.actors.trading.desk import Desk, Published, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.recovery.restore import Restore
from opentrader.actors.trading.replies.outcomes import closed_trade_reply
from opentrader.actors.trading.replies.presenter import is_at_stake
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.actors.trading.waiters import until
from opentrader.domain.ports import Clock
from opentrader.domain.time_limits import CLOSE_SECONDS
from opentrader.domain.trading.ledger import ClosedTrade, Control
from opentrader.domain.trading.lifecycle import Trade, close
from opentrader.domain.trading.venue import ZERO
from opentrader.errors import ExchangeError, InternalError, OpentraderError, PositionNotFound

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class CloseTrades(Message[tuple[ClosedTrade, ...]]):
    """Close the trades of one pair."""

    owner = "position_manager"
    own = True
    urgent = True
    pair: str
    reason: str


@dataclass(frozen=True, slots=True)
class CloseKept(Message[tuple[ClosedTrade, ...]]):
    pair: str
    trades: tuple[Trade, ...]
    orphans: tuple[ClosedTrade, ...]
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class ClosedUp(Message[tuple[ClosedTrade, ...]]):
    trades: tuple[Trade, ...]
    orphans: tuple[ClosedTrade, ...]
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class AllClosed(Message[messages.ClosedAll]):
    outcome: Outcome[messages.ClosedAll]


class Closing(TradingPart):
    """Closes the trades of one symbol, or of all."""

    def __init__(self, desk: Desk, loop: LifecycleLoop, restore: Restore) -> None:
        super().__init__(desk)
        self._loop, self._restore = loop, restore
        self._closealls = 0  # in progress

    @handles(messages.ClosePosition)
    def close_position(self, message: messages.ClosePosition) -> Reply[messages.ClosedReply]:
        pair = message.symbol
        held = bool(self._restore.of(pair)) or self.holds(pair)
        return self.links.pipe(closed_one(self.links.ask, pair, held=held))

    @handles(messages.CloseAll)
    def close_all(self, message: messages.CloseAll) -> Reply[messages.ClosedAll]:
        return self.close_everything()

    def close_everything(self) -> Reply[messages.ClosedAll]:
        self._closealls += 1
        return self.links.pipe(closed_everything(self.links.ask, self._snapshot, self.links.clock), then=AllClosed)

    @handles(AllClosed)
    def all_closed(self, message: AllClosed) -> Reply[messages.ClosedAll]:
        self._closealls -= 1
        return self.links.pipe(reopened(self.links.ask, self._ended_closeall, message.outcome))

    def _ended_closeall(self, control: Control) -> Control:
        """The last closeall allows entries again, whatever its outcome."""
        return control if self._closealls else replace(control, closeall_since=None)

    @handles(CloseTrades)
    def close_trades(self, message: CloseTrades) -> Reply[tuple[ClosedTrade, ...]]:
        now = self.links.clock.market_ms()
        trades = tuple(close(trade, message.reason, now) for trade in at_stake(self._snapshot(), message.pair))
        orphans = tuple(_orphan_row(x, now) for x in self._restore.of(message.pair))
        changes = [self._loop.saving(trade, f"{message.reason} asked", now) for trade in trades]
        changes += [self._control_store.dropping(orphan.id) for orphan in orphans]
        keep = self._journal.commit([*changes, self._history.adding(orphans, now)])
        return self.links.pipe(keep, then=partial(CloseKept, message.pair, trades, orphans), exclusive=message.pair)

    @handles(CloseKept)
    def carry_out_close(self, message: CloseKept) -> Reply[tuple[ClosedTrade, ...]]:
        message.outcome.unwrap()
        if message.orphans:
            self._restore.drop({orphan.id for orphan in message.orphans})
        for trade in message.trades:
            self._loop.assign(trade)
        self._loop.hurry(*message.trades)
        ids = frozenset(trade.intent.id for trade in message.trades)
        waiting = until(self.links.tell, ids, lambda: all(map(self.book.has_ended, ids)) or None)
        return self.links.pipe(waiting, then=partial(ClosedUp, message.trades, message.orphans))

    @handles(ClosedUp)
    def closed_up(self, message: ClosedUp) -> tuple[ClosedTrade, ...]:
        message.outcome.unwrap()
        rows = (self.book.rows.get(trade.intent.id) for trade in message.trades)
        return (*message.orphans, *(row for row in rows if row is not None))

    def holds(self, pair: str) -> bool:
        """Whether a symbol has a position or an entry in flight; closed trades that are still watched do not count."""
        return any(trade.intent.id not in self.book.rows for trade in at_stake(self._snapshot(), pair))


async def closed_one(ask: Ask, pair: str, *, held: bool) -> messages.ClosedReply:
    """Even without a position, the close is stored for an entry of unknown outcome, in case it was filled."""
    rows = await ask(CloseTrades(pair, "close"), timeout=CLOSE_SECONDS)
    if not held:
        raise PositionNotFound(f"there is no open position in {pair}", hint="GET /api/trades lists open positions")
    return messages.ClosedReply(symbol=pair, closed=tuple(map(closed_trade_reply, rows)), count=len(rows))


async def sold(ask: Ask, clock: Clock, message: messages.ExecuteTrade) -> messages.TradeSold:
    rows = await ask(CloseTrades(message.symbol, "sell"), timeout=CLOSE_SECONDS)
    now = clock.market_ms() // 1000
    return messages.TradeSold(closed=tuple(map(closed_trade_reply, rows)), agent=message.agent, timestamp=now)


async def closed_everything(ask: Ask, snapshot: Published, clock: Clock) -> messages.ClosedAll:
    """Entries are blocked until it ends; the symbols are closed in parallel, independently of each other."""
    now = clock.market_ms() // 1000
    await changed_control(ask, lambda control: replace(control, closeall_since=control.closeall_since or now))
    seen = snapshot()
    pairs = sorted({trade.symbol for trade in seen.restored} | {x.intent.symbol for x in at_stake(seen)})
    asks = (ask(CloseTrades(pair, "closeall"), timeout=CLOSE_SECONDS) for pair in pairs)
    answers = dict(zip(pairs, await asyncio.gather(*asks, return_exceptions=True), strict=True))
    closed = [closed_trade_reply(row) for answer in answers.values() if isinstance(answer, tuple) for row in answer]
    failed = [_failure(pair, answer) for pair, answer in answers.items() if isinstance(answer, BaseException)]
    if failed and len(failed) == len(pairs):
        raise ExchangeError(
            f"none of {len(pairs)} symbols could be closed yet",
            hint="the close stays queued and is retried until the exchange accepts it; see GET /api/trades",
            failed=[asdict(failure) for failure in failed],
        )
    return messages.ClosedAll(ok=not failed, closed=tuple(closed), failed=tuple(failed), count=len(closed))


async def reopened(
    ask: Ask, ended: Callable[[Control], Control], outcome: Outcome[messages.ClosedAll]
) -> messages.ClosedAll:
    await changed_control(ask, ended)
    return outcome.unwrap()


def at_stake(snapshot: TradingSnapshot, pair: str | None = None) -> list[Trade]:
    """The trades that a close applies to, of all symbols or of one."""
    return [x for x in snapshot.trades if pair in (None, x.intent.symbol) and is_at_stake(x)]


def _failure(pair: str, error: BaseException) -> ScanFailure:
    if isinstance(error, OpentraderError):
        return ScanFailure(pair, error.code, error.detail)
    logger.error("closing %s failed", pair, exc_info=error)
    return ScanFailure(pair, InternalError.code, f"closing {pair} failed: {type(error).__name__}")


def _orphan_row(restored: messages.TradeReply, now_ms: int) -> ClosedTrade:
    """The history row of an unverified restored trade; it does not count in the statistics."""
    px = Decimal(str(restored.entry_px or 0))
    return ClosedTrade(
        id=restored.id,
        symbol=restored.symbol,
        direction=restored.direction,
        size=Decimal(str(restored.size)),
        entry_px=px,
        exit_px=px,
        pnl=ZERO,
        pnl_pct=ZERO,
        bot=restored.bot,
        source="restored",
        exit_reason="orphan",
        opened_at=restored.opened_at,
        closed_at=now_ms // 1000,
        agent=restored.agent or None,
        counted=False,
    )

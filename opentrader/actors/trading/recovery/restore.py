"""Trades restored manually, and the import of closed trades from the exchange.

A restored trade whose two orders are open at the exchange, with its symbol, side and quantity, becomes a normal trade.
An unverified one is only listed, and never traded on, until it is closed.
"""

from __future__ import annotations

import logging
from collections.abc import Collection
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from decimal import Decimal
from functools import partial

import orjson

from opentrader.actors import messages
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.lifecycle_loop import LifecycleLoop
from opentrader.actors.trading.replies.presenter import trade_reply
from opentrader.actors.trading.replies.snapshot import is_busy
from opentrader.domain.ports import Clock
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import Intent, Trade, restored
from opentrader.domain.trading.looks import VenueView, everything
from opentrader.domain.trading.venue import ZERO, OrderList
from opentrader.errors import Fault, InvalidInput, SymbolNotFound, TradeExists

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class ExitsRead(Message[messages.Restored]):
    """The open orders at the exchange that a restored trade names."""

    request: messages.RestoreTrade
    outcome: Outcome[tuple[VenueView, OrderList | None]]


@dataclass(frozen=True, slots=True)
class UnverifiedStored(Message[messages.Restored]):
    trade: messages.TradeReply
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class VerifiedStored(Message[messages.Restored]):
    trade: Trade
    outcome: Outcome[None]


class Restore(TradingPart):
    """The trades restored manually; `restored` are the unverified ones that are not closed yet."""

    def __init__(self, desk: Desk, loop: LifecycleLoop) -> None:
        super().__init__(desk)
        self._loop = loop
        self.restored: tuple[messages.TradeReply, ...] = ()

    def load(self) -> None:
        kept = self._control_store.restored()
        self.restored = tuple(messages.TradeReply(**orjson.loads(kept[key])) for key in sorted(kept))

    def of(self, pair: str) -> list[messages.TradeReply]:
        return [trade for trade in self.restored if trade.symbol == pair]

    def drop(self, keys: Collection[str]) -> None:
        """These are closed."""
        self.restored = tuple(trade for trade in self.restored if trade.id not in keys)
        self._show()

    @handles(messages.RestoreTrade)
    def restore(self, message: messages.RestoreTrade) -> Reply[messages.Restored]:
        pair = message.symbol
        if is_busy(self._snapshot(), pair):
            raise TradeExists(f"a trade in {pair} is already open or being opened", hint="close it first")
        today = _day(self.links.clock.market_ms() // 1000)
        if message.date is not None and message.date > today:
            raise InvalidInput([Fault(("body", "date"), f"is in the future; today is {today}", "value_error")])
        return self.links.pipe(
            exits_of(self._exchange, self.links.clock, message), then=partial(ExitsRead, message), exclusive=pair
        )

    @handles(ExitsRead)
    def verify(self, message: ExitsRead) -> Reply[messages.Restored]:
        """A verified trade joins the trades; an unverified one is only listed, also if the exchange does not answer."""
        request, found = message.request, message.outcome
        if not isinstance(found, Done) and isinstance(found.error, SymbolNotFound):
            raise found.error
        view, exits = found.value if isinstance(found, Done) else (None, None)
        if view is None or exits is None:
            return self._store_unverified(request)
        cids = (exits.cid, exits.stop.cid, exits.target.cid)
        if owners := self._journal.owners(cids):
            raise TradeExists(f"these orders already belong to trade {', '.join(sorted(set(owners.values())))}")
        now = self.links.clock.market_ms()
        trade = restored(self._intent_of(request, now), exits, view, now, self._rules)
        self.book.quoted(request.symbol, view.filters, None)
        keep = self._journal.save(trade, "restored", now)
        return self.links.pipe(keep, then=partial(VerifiedStored, trade), exclusive=request.symbol)

    def _intent_of(self, request: messages.RestoreTrade, now: int) -> Intent:
        size, px, sl, tp = (
            Decimal(str(value)) for value in (request.size, request.entry_px, request.sl_px, request.tp_px)
        )
        return Intent(
            id=self.links.ids.new(),
            kind="market",
            symbol=request.symbol,
            side="buy",
            qty=size,
            px=px,
            sl=sl,
            tp=tp,
            ttl_at=0,
            created_at=now,
            instance=self._instance,
            bot=request.bot,
            source="restored",
        )

    @handles(VerifiedStored)
    def verified(self, message: VerifiedStored) -> messages.Restored:
        message.outcome.unwrap()
        trade = message.trade
        self._loop.resume_trade(trade)
        self._show()
        self._loop.drive(trade.intent.symbol)
        mark = self.book.marks.get(trade.intent.symbol)
        return messages.Restored(trade=trade_reply(trade, mark, self.links.clock.market_ms()))

    def _store_unverified(self, message: messages.RestoreTrade) -> Reply[messages.Restored]:
        now = self.links.clock.market_ms() // 1000
        trade = messages.TradeReply(
            id=self.links.ids.new(),
            symbol=message.symbol,
            direction=message.direction,  # type: ignore[arg-type]  # the edge lowered it
            size=message.size,
            entry_px=message.entry_px,
            sl_px=message.sl_px,
            tp_px=message.tp_px,
            sl_oid=message.sl_oid,
            tp_oid=message.tp_oid,
            bot=message.bot,
            date=message.date or _day(now),
            agent="",
            source="restored",
            opened_at=now,
            verified=False,
            state="restored",
        )
        logger.warning("restored trade %s is unverified: no matching open orders on the exchange", message.symbol)
        listing = self._control_store.restoring(trade.id, orjson.dumps(asdict(trade)).decode())
        keep = self._journal.commit([listing], vital=False)
        return self.links.pipe(keep, then=partial(UnverifiedStored, trade), exclusive=message.symbol)

    @handles(UnverifiedStored)
    def unverified(self, message: UnverifiedStored) -> messages.Restored:
        message.outcome.unwrap()
        self.restored = (*self.restored, message.trade)
        self._show()
        return messages.Restored(trade=message.trade)


async def exits_of(
    exchange: Exchange, clock: Clock, message: messages.RestoreTrade
) -> tuple[VenueView, OrderList | None]:
    """One view of the symbol, and the open list of the two named orders if it matches the trade."""
    view = await exchange.look(everything(message.symbol, clock.market_ms()))
    if message.direction != "buy" or message.sl_oid is None or message.tp_oid is None:
        return view, None
    named, qty = (str(message.sl_oid), str(message.tp_oid)), Decimal(str(message.size))
    for known in await exchange.open_lists():
        stop, target = known.stop, known.target
        here = any(order.ex_id == stop.ex_id for order in view.open_orders or ())
        if here and (stop.ex_id, target.ex_id) == named and stop.side == "sell" and stop.qty == qty:
            return view, known
    return view, None


def _day(at: int) -> str:
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def orphan_row(restored: messages.TradeReply, now_ms: int) -> ClosedTrade:
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

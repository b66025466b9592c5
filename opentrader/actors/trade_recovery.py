"""What was lost and is found again at the venue: trades that the journal does not know, and who else trades there."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial
from typing import Any

from opentrader.actors import trading_messages as m
from opentrader.actors import trading_replies as t
from opentrader.actors.context import Context
from opentrader.actors.handles import handles
from opentrader.actors.message import Message
from opentrader.actors.outcome import Outcome
from opentrader.actors.reply import Reply
from opentrader.actors.trade_loop import DAY_MS
from opentrader.actors.trade_shown import shown
from opentrader.actors.trade_upkeep import ASK_SECONDS, QUOTE, TradeUpkeep
from opentrader.domain.exchange import Exchange
from opentrader.domain.lifecycle import Rebuilt, Settings, Trade, rebuilt
from opentrader.domain.trading_ports import Records
from opentrader.domain.venue import Watch
from opentrader.domain.venue_calls import read

WEEK_MS = 7 * DAY_MS


@dataclass(frozen=True, slots=True)
class RebuiltTrades(Message[tuple[tuple[Trade, ...], int, bool]]):
    """Look for the trades behind our own orders at the venue; see `rebuilt_trades`."""

    owner = "position_manager"


@dataclass(frozen=True, slots=True)
class Adopt(Message[tuple[Trade, ...]]):
    """Take over trades that were rebuilt from the venue, those that are not known yet."""

    owner = "position_manager"
    trades: tuple[Trade, ...]


@dataclass(frozen=True, slots=True)
class Adopted(Message[tuple[Trade, ...]]):
    trades: tuple[Trade, ...]
    outcome: Outcome[None]


class TradeRecovery(TradeUpkeep):
    def __init__(
        self, context: Context, exchange: Exchange, records: Records, *, rules: Settings, instance: str
    ) -> None:
        super().__init__(context, exchange, records, rules=rules, instance=instance)
        self._boot_ms = context.clock.market_ms()

    def first_read(self) -> None:
        self.answered(self._looked_for_lost())

    async def _looked_for_lost(self) -> None:
        """At the start: take over what is ours at the venue and unknown here, and see whether somebody else trades."""
        found, _, second = await self.rebuilt_trades()
        if second:
            await self.halted_by("a second daemon trades on this account")
        await self.context.ask(Adopt(found), timeout=ASK_SECONDS)

    async def halted_by(self, reason: str) -> None:
        """Let no entry in until somebody resumes."""
        raise NotImplementedError

    # --- what was lost

    @handles(m.RecoverTrades)
    def recover(self, message: m.RecoverTrades) -> Reply[Any]:
        return self.answered(self._recovered())

    async def _recovered(self) -> t.TradesRecovered:
        found, known, _ = await self.rebuilt_trades()
        adopted = await self.context.ask(Adopt(found), timeout=ASK_SECONDS)
        now = self.context.clock.market_ms()
        trades = tuple(shown(x, self._marks.get(x.intent.symbol), now) for x in adopted if x.intent.kind == "market")
        return t.TradesRecovered(recovered=len(adopted), skipped=known, trades=trades)

    @handles(RebuiltTrades)
    def rebuild(self, message: RebuiltTrades) -> Reply[Any]:
        return self.answered(self.rebuilt_trades())

    async def rebuilt_trades(self) -> tuple[tuple[Trade, ...], int, bool]:
        """The trades behind own orders at the venue that nobody here knows, how many are known, and whether another
        daemon has placed orders since this one started."""
        now, found, second = self.context.clock.market_ms(), list[Trade](), False
        open_orders, balances = await self._exchange.open_everywhere(), await self._exchange.balances()
        held = {asset + QUOTE for asset, balance in balances.items() if asset != QUOTE and balance.total > 0}
        for symbol in sorted(held | set(open_orders)):
            view = await read(self._exchange, Watch(symbol, since=now - WEEK_MS))
            result: Rebuilt = rebuilt(view, self._instance, self._boot_ms, self._desk.trades, self._rules)
            found += result.trades
            second = second or result.second_daemon
        return tuple(found), len(self._desk.open_trades()) + len(self._desk.pending()), second

    @handles(Adopt)
    def adopt(self, message: Adopt) -> tuple[Trade, ...] | Reply[tuple[Trade, ...]]:
        tails = {key[-8:] for key in self._trades}
        new = tuple(trade for trade in message.trades if trade.intent.id[-8:] not in tails)
        return self.pipe(self._keep_adopted(new), then=partial(Adopted, new)) if new else ()

    async def _keep_adopted(self, trades: tuple[Trade, ...]) -> None:
        for trade in trades:
            await self._journal.save(trade, "recovered", self.context.clock.market_ms())

    @handles(Adopted)
    def adopted(self, message: Adopted) -> tuple[Trade, ...]:
        message.outcome.unwrap()
        for trade in message.trades:
            self.take_over(trade)
            self.drive(trade.intent.symbol)
        self.show()
        return message.trades

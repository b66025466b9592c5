"""Whether entries are allowed: halt, resume, and the gate of a closeall, stored before they count."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.context import Ask
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.desk import Desk, Published, TradingPart
from opentrader.actors.trading.log import log_control
from opentrader.actors.trading.pending import CancelPendingEntry
from opentrader.domain.ports import Clock
from opentrader.domain.time_limits import CLOSE_SECONDS
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.ledger import ClosedTrade, Control, SymbolHalt
from opentrader.domain.trading.lifecycle import Trade, stray_sale
from opentrader.domain.trading.ports import Change
from opentrader.errors import ExchangeError, SymbolNotFound

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SetControl(Message[Control]):
    """Store a change of the trading control, then apply it."""

    owner = "position_manager"
    own = True
    change: Callable[[Control], Control]


@dataclass(frozen=True, slots=True)
class ControlStored(Message[Control]):
    control: Control
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class SymbolResumed(Message[messages.Halted]):
    """The halt of a symbol has ended; None if it was not halted."""

    halt: SymbolHalt | None
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class DayReset(Message[messages.DailyReset]):
    outcome: Outcome[tuple[int, int]]


class ControlDesk(TradingPart):
    """The control, the halts and cooldowns of symbols, and the count of the day.

    `epoch` rises with each halt and each closeall: an entry that was asked for in an earlier one is not made.
    """

    def __init__(self, desk: Desk, *, cooldown_sec: int) -> None:
        super().__init__(desk)
        self.control = Control()
        self.epoch = 0
        self._cooldown_ms = cooldown_sec * 1000
        self._cooldowns: dict[str, int] = {}
        self.halts: dict[str, SymbolHalt] = {}

    def load(self) -> None:
        self.control, self._cooldowns = self._control_store.load()
        self.halts = {halt.symbol: halt for halt in self._control_store.halts()}

    def learned(self, before: Trade, after: Trade) -> tuple[Change, ...]:
        """Facts of a trade are being committed: a sale that nothing explains halts its symbol, in the same commit."""
        halt = self._halt(before, after)
        return () if halt is None else (self._control_store.halting(halt),)

    def halt_for(self, before: Trade, after: Trade) -> None:
        """That commit is durable."""
        if halt := self._halt(before, after):
            logger.warning("entries of %s are halted: %s", halt.symbol, halt.reason)
            self.halts[halt.symbol] = halt

    def _halt(self, before: Trade, after: Trade) -> SymbolHalt | None:
        pair = after.intent.symbol
        filters = self.book.filters.get(pair)
        why = stray_sale(before, after, filters) if filters is not None else ""
        return SymbolHalt(pair, why, after.last_change // 1000) if why else None

    def cools_down(self, pair: str) -> bool:
        return self.links.clock.market_ms() < self._cooldowns.get(pair, 0)

    def ended(self, row: ClosedTrade) -> tuple[Change, ...]:
        """A trade is booked: one that was stopped out begins a cooldown, in the same commit."""
        if row.exit_reason != "sl" or not self._cooldown_ms:
            return ()
        now = self.links.clock.market_ms()
        until = now + self._cooldown_ms
        lasting = {pair: end for pair, end in self._cooldowns.items() if end > now}
        self._cooldowns = {**lasting, row.symbol: until}
        return (self._control_store.cooling(row.symbol, until),)

    @handles(messages.Halt)
    def halt(self, message: messages.Halt) -> Reply[messages.Halted]:
        return self.links.pipe(halted(self.links.ask, self._snapshot, self.links.clock, message))

    @handles(messages.Resume)
    def resume(self, message: messages.Resume) -> Reply[messages.Halted]:
        """Without a symbol only the halt of all ends, with one only that of the symbol."""
        if message.symbol is None:
            return self.links.pipe(resumed(self.links.ask))
        halt = self.halts.get(message.symbol)
        if halt is not None:
            work = self._control_store.end_halt(halt)
        else:
            work = demand_market(self._exchange, message.symbol, sorted(self.halts))
        return self.links.pipe(work, then=partial(SymbolResumed, halt))

    @handles(SymbolResumed)
    def symbol_resumed(self, message: SymbolResumed) -> messages.Halted:
        message.outcome.unwrap()
        halt, control = message.halt, self.control
        if halt is not None and self.halts.get(halt.symbol) == halt:
            del self.halts[halt.symbol]
            logger.info("entries of %s are allowed again", halt.symbol)
            self._show()
        return messages.Halted(
            halted=control.halted,
            reason=control.reason if control.halted else "",
            since=control.since if control.halted else None,
            cancelled_entries=(),
        )

    @handles(SetControl)
    def set_control(self, message: SetControl) -> Reply[Control]:
        control = message.change(self.control)
        return self.links.pipe(self.storing(control), then=partial(ControlStored, control), exclusive="control")

    @handles(ControlStored)
    def control_stored(self, message: ControlStored) -> Control:
        message.outcome.unwrap()
        self.apply(message.control)
        return message.control

    def storing(self, control: Control, *also: Change) -> Coroutine[Any, Any, None]:
        """The commit of a change; hold `control` until it is applied. What is on its way now is of an earlier epoch."""
        self.epoch += _shuts(self.control, control)
        resumes = self.control.halted and not control.halted
        return self._control_store.keep(control, also=also, vital=not resumes)

    def apply(self, after: Control) -> None:
        """A change is durable. What was asked for during its commit is of an earlier epoch, too."""
        before = self.control
        log_control(before, after)
        self.epoch += _shuts(before, after)
        self.control = after
        self._show()

    @handles(messages.ResetDaily)
    def reset_daily(self, message: messages.ResetDaily) -> Reply[messages.DailyReset]:
        return self.links.pipe(self._day.reset(self.links.clock.market_ms()), then=DayReset)

    @handles(DayReset)
    def day_reset(self, message: DayReset) -> messages.DailyReset:
        before, after = message.outcome.unwrap()
        self._show()
        return messages.DailyReset(trades_today_before=before, trades_today_after=after)


def _shuts(before: Control, after: Control) -> bool:
    """Whether a change bars entries that were allowed before."""
    halts = after.halted and not before.halted
    return halts or (after.closeall_since is not None and before.closeall_since is None)


async def changed_control(ask: Ask, change: Callable[[Control], Control]) -> Control:
    return await ask(SetControl(change), timeout=CLOSE_SECONDS)


async def halted_by(ask: Ask, clock: Clock, reason: str) -> None:
    """Block entries until an operator resumes."""
    now = clock.market_ms() // 1000
    await changed_control(ask, lambda control: replace(control, halted=True, reason=reason, since=now))


async def demand_market(exchange: Exchange, pair: str, halted: Sequence[str]) -> None:
    """Nothing is halted in a symbol, which is no error if there is such a market. Raises `SymbolNotFound`."""
    with suppress(ExchangeError):  # an exchange that does not answer cannot tell that there is none
        try:
            await exchange.filters(pair)
        except SymbolNotFound as error:
            hint = f"symbols that are halted now: {', '.join(halted) or 'none'}"
            raise SymbolNotFound(f"{pair} is not halted, and {error.detail}", hint=hint) from None


async def resumed(ask: Ask) -> messages.Halted:
    await changed_control(ask, lambda control: Control(closeall_since=control.closeall_since))
    return messages.Halted(halted=False, reason="", since=None, cancelled_entries=())


async def halted(ask: Ask, snapshot: Published, clock: Clock, message: messages.Halt) -> messages.Halted:
    now = clock.market_ms() // 1000
    control = await changed_control(
        ask,
        lambda c: (
            c
            if c.halted and message.reason == "operator"
            else replace(c, halted=True, reason=message.reason, since=c.since if c.halted else now)
        ),
    )
    waiting = snapshot().pending() if message.cancel_pending else []
    asks = (ask(CancelPendingEntry(x.intent.id, message.agent), timeout=CLOSE_SECONDS) for x in waiting)
    answers = await asyncio.gather(*asks, return_exceptions=True)
    cancelled = tuple(answer for answer in answers if isinstance(answer, messages.PendingEntry))
    for trade, answer in zip(waiting, answers, strict=True):
        if isinstance(answer, BaseException):
            logger.error(
                "halt: pending entry %s of %s was not canceled: %s", trade.intent.id, trade.intent.symbol, answer
            )
    return messages.Halted(halted=True, reason=control.reason, since=control.since, cancelled_entries=cancelled)

"""Watches the TTL of pending LIMIT entries, and checks, recovers and cancels them through PositionManager."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from opentrader.actors import messages
from opentrader.actors.messages import (
    ScanFailure,
)
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Ask, Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Tick
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.pending import CancelPendingEntry
from opentrader.actors.trading.recovery.reconciliation import Reconcile
from opentrader.actors.trading.replies.presenter import entry_reply, is_pending
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.actors.trading.steps import CheckEntries
from opentrader.domain.time_limits import PENDING_SECONDS
from opentrader.errors import OpentraderError


class PendingEntryWatcher(Actor):
    """`snapshot` returns the latest snapshot of PositionManager."""

    tick_seconds = 1.0

    def __init__(self, context: Context, snapshot: Callable[[], TradingSnapshot]) -> None:
        super().__init__(context)
        self._snapshot = snapshot

    @handles(Tick)
    def watch(self, message: Tick) -> None:
        """Check entries past their TTL now, not only at their next scheduled check."""
        now = self.context.clock.market_ms()
        late = {x.intent.symbol for x in self._snapshot().pending() if 0 < x.intent.ttl_at <= now}
        for pair in sorted(late):
            self.context.tell(CheckEntries(pair))

    @handles(messages.CheckPending)
    def check(self, message: messages.CheckPending) -> Reply[messages.PendingChecked]:
        return self.pipe(checked(self.context.ask, self._snapshot))

    @handles(messages.RecoverPending)
    def recover(self, message: messages.RecoverPending) -> Reply[messages.PendingRecovered]:
        return self.pipe(recovered(self.context.ask, len(self._snapshot().pending())))

    @handles(messages.CancelEntry)
    def cancel(self, message: messages.CancelEntry) -> Reply[messages.EntryCancelled]:
        return self.pipe(cancelled(self.context.ask, message.id))


async def checked(ask: Ask, snapshot: Callable[[], TradingSnapshot]) -> messages.PendingChecked:
    """Check each entry and report its outcome; safe to repeat, in parallel, at any time."""
    before = {x.intent.id: x for x in snapshot().pending()}
    pairs = sorted({x.intent.symbol for x in before.values()})
    checks = (ask(CheckEntries(pair), timeout=PENDING_SECONDS) for pair in pairs)
    answers = await asyncio.gather(*checks, return_exceptions=True)
    failed = tuple(
        ScanFailure(pair, answer.code, answer.detail)
        for pair, answer in zip(pairs, answers, strict=True)
        if isinstance(answer, OpentraderError)
    )
    after = {x.intent.id: x for x in snapshot().trades}
    ended = [entry_reply(after.get(key, x)) for key, x in before.items() if not is_pending(after.get(key, x))]
    filled = tuple(entry for entry in ended if entry.status == "filled")
    cancelled = tuple(entry for entry in ended if entry.status != "filled")
    return messages.PendingChecked(
        checked=len(before),
        filled=filled,
        cancelled=cancelled,
        still_pending=len(before) - len(ended),
        failed=failed,
    )


async def recovered(ask: Ask, known: int) -> messages.PendingRecovered:
    adopted = await ask(Reconcile(), timeout=PENDING_SECONDS)
    entries = tuple(entry_reply(x) for x in adopted if is_pending(x))
    return messages.PendingRecovered(recovered=len(entries), skipped=known, entries=entries)


async def cancelled(ask: Ask, key: str) -> messages.EntryCancelled:
    return messages.EntryCancelled(entry=await ask(CancelPendingEntry(key), timeout=PENDING_SECONDS))

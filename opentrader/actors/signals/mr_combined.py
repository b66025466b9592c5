"""The MR Combined bot: scans for mean-reversion setups and asks SignalBook to emit a signal for each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from opentrader.actors.messages import (
    EmitSignal,
    MrSignalOf,
    PostSignal,
    ScanAndSignal,
    ScanSignal,
    Signaled,
    Skipped,
)
from opentrader.actors.operations.agent_activity import report_activity
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Ask, Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.analysis.mean_reversion import MrSignal, NoSetup
from opentrader.domain.ports import Positions
from opentrader.domain.signals import PostStatus
from opentrader.domain.symbols import Listing, pair_of
from opentrader.domain.time_limits import SCAN_SECONDS
from opentrader.domain.timeframes import TF_MS, Timeframe
from opentrader.errors import ExchangeError, OpentraderError, SymbolNotFound

_OUTLOOK = ("ev", "confidence", "gate_ok", "detail")
_POSTED = ("pending", "telegram_failed")


@dataclass(frozen=True, slots=True)
class Rule:
    """The settings of the bot: its timeframe, the daily limit of all bots, whether the gate must pass."""

    timeframe: Timeframe = "4h"
    max_trades_day: int = 3
    require_gate: bool = False


@dataclass(frozen=True, slots=True)
class SetupsScanned(Message[ScanSignal]):
    outcome: Outcome[ScanSignal]


class MrCombined(Actor):
    def __init__(
        self,
        context: Context,
        *,
        watchlist: tuple[str, ...],
        listings: Mapping[str, Listing],
        positions: Positions,
        rule: Rule,
    ) -> None:
        super().__init__(context)
        self._watchlist, self._listings = watchlist, listings
        self._positions, self._rule = positions, rule

    @handles(ScanAndSignal)
    def scan(self, message: ScanAndSignal) -> ScanSignal | Reply[ScanSignal]:
        """The daily limit of all bots is checked first, before any candles are fetched."""
        if self._positions.trades_today() >= self._rule.max_trades_day:
            return ScanSignal((), (), reason="daily_limit_reached")
        if self._positions.halted():
            return ScanSignal((), (), reason="trading_halted")
        spelled = tuple(message.symbols or self._watchlist)
        scan = report_activity(
            self.context.tell,
            message.agent,
            "MR Combined scan",
            scan_setups(self.context.ask, spelled, self._listings, self._rule),
            lambda found: f": {len(found.signaled)} of {found.scanned} signaled",
        )
        return self.pipe(scan, then=SetupsScanned, exclusive="scan")

    def exclusive_of(self, message: Message[object]) -> str | None:
        """One scan at a time: two in parallel would find the same setups."""
        return "scan" if isinstance(message, ScanAndSignal) else None

    @handles(SetupsScanned)
    def scanned(self, message: SetupsScanned) -> ScanSignal:
        return message.outcome.unwrap()


async def scan_setups(ask: Ask, spelled: tuple[str, ...], listings: Mapping[str, Listing], rule: Rule) -> ScanSignal:
    """Look for a setup in each pair, all in parallel; then emit the signals one by one, in the order of the pairs."""
    pairs = list(dict.fromkeys(pair_of(symbol, listings) for symbol in spelled))
    found = await asyncio.gather(*(_setup(ask, pair, listings, rule) for pair in pairs))
    signaled: list[Signaled] = []
    skipped: list[Skipped] = []
    for pair, setup in zip(pairs, found, strict=True):
        status = setup if isinstance(setup, str) else await _emit(ask, pair, setup, rule)
        if isinstance(setup, MrSignal) and status in _POSTED:
            signaled.append(Signaled(pair, setup.direction, cast(PostStatus, status)))
        else:
            skipped.append(Skipped(pair, status))
    return ScanSignal(tuple(signaled), tuple(skipped), scanned=len(pairs))


async def _setup(ask: Ask, pair: str, listings: Mapping[str, Listing], rule: Rule) -> MrSignal | str:
    """The setup of one pair, or the reason why there is none to emit."""
    if pair not in listings:
        return SymbolNotFound.code
    try:
        found = await ask(MrSignalOf(symbol=pair), timeout=SCAN_SECONDS)
    except OpentraderError as error:
        return "fetch_error" if isinstance(error, ExchangeError) else error.code
    if isinstance(found, NoSetup):
        return found.reason
    return "gate" if rule.require_gate and not found.gate_ok else found


async def _emit(ask: Ask, pair: str, setup: MrSignal, rule: Rule) -> str:
    """The status of the emitted signal. An error must not hide the signals emitted before it."""
    record = setup.to_dict()
    outlook = {name: record.pop(name) for name in _OUTLOOK}
    post = PostSignal(**{**record, "symbol": pair})
    emit = EmitSignal(post=post, outlook=outlook, bar_ms=setup.bar_ts, bar_length_ms=TF_MS[rule.timeframe])
    try:
        return await ask(emit, timeout=SCAN_SECONDS)
    except OpentraderError as error:
        return error.code

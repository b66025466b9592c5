"""The MR Combined bot: looks for mean-reversion setups and has the SignalBook emit a signal for each."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass
from typing import cast

from opentrader.actors.actor import Actor
from opentrader.actors.context import Context
from opentrader.actors.handles import handles
from opentrader.actors.message import Message
from opentrader.actors.messages import EmitSignal, MrSignalOf, PostSignal, ReportWork, ScanAndSignal
from opentrader.actors.outcome import Outcome
from opentrader.actors.replies import ScanSignal, Signaled, Skipped
from opentrader.actors.reply import Reply
from opentrader.domain.mean_reversion import MrSignal, NoSetup
from opentrader.domain.ports import Positions
from opentrader.domain.signals import PostStatus
from opentrader.domain.symbols import Listing, pair_of
from opentrader.domain.timeframes import TF_MS, Timeframe
from opentrader.errors import OpentraderError, SymbolNotFound

ASK_SECONDS = 290.0
_OUTLOOK = ("ev", "confidence", "gate_ok", "detail")
_POSTED = ("pending", "telegram_failed")


@dataclass(frozen=True, slots=True)
class Rule:
    """How the bot is set: its timeframe, the limit it shares with all bots, whether the gate must pass."""

    timeframe: Timeframe = "4h"
    max_trades_day: int = 3
    require_gate: bool = False


@dataclass(frozen=True, slots=True)
class SetupsScanned(Message[ScanSignal]):
    outcome: Outcome[ScanSignal]


class MrCombined(Actor):
    def __init__(
        self, context: Context, *, watchlist: tuple[str, ...], listings: Mapping[str, Listing],
        positions: Positions, rule: Rule,
    ) -> None:  # fmt: skip
        super().__init__(context)
        self._watchlist, self._listings = watchlist, listings
        self._positions, self._rule = positions, rule

    @handles(ScanAndSignal)
    def scan(self, message: ScanAndSignal) -> ScanSignal | Reply[ScanSignal]:
        """The limiter that all bots share comes first, before anything is fetched."""
        if self._positions.trades_today() >= self._rule.max_trades_day:
            return ScanSignal((), (), reason="daily_limit_reached")
        if self._positions.halted():
            return ScanSignal((), (), reason="trading_halted")
        spelled = message.symbols or self._watchlist
        return self.pipe(self._scan(message.agent, tuple(spelled)), then=SetupsScanned, exclusive="scan")

    def exclusive_of(self, message: Message[object]) -> str | None:
        """One scan at a time: two at once would find the same setups."""
        return "scan" if isinstance(message, ScanAndSignal) else None

    @handles(SetupsScanned)
    def scanned(self, message: SetupsScanned) -> ScanSignal:
        return message.outcome.unwrap()

    async def _scan(self, agent: str, spelled: tuple[str, ...]) -> ScanSignal:
        self.context.tell(ReportWork(agent, "running", "MR Combined scan"))
        pairs = list(dict.fromkeys(pair_of(symbol, self._listings) for symbol in spelled))
        found = await asyncio.gather(*map(self._setup, pairs))
        signaled: list[Signaled] = []
        skipped: list[Skipped] = []
        for pair, setup in zip(pairs, found, strict=True):
            status = setup if isinstance(setup, str) else await self._emit(pair, setup)
            if isinstance(setup, MrSignal) and status in _POSTED:
                signaled.append(Signaled(pair, setup.direction, cast(PostStatus, status)))
            else:
                skipped.append(Skipped(pair, status))
        self.context.tell(ReportWork(agent, "idle", f"MR Combined scan: {len(signaled)} of {len(pairs)} signaled"))
        return ScanSignal(tuple(signaled), tuple(skipped), scanned=len(pairs))

    async def _setup(self, pair: str) -> MrSignal | str:
        """The setup of one pair, or why there is none to emit."""
        if pair not in self._listings:
            return SymbolNotFound.code
        try:
            found = await self.context.ask(MrSignalOf(symbol=pair), timeout=ASK_SECONDS)
        except OpentraderError:
            return "fetch_error"
        if isinstance(found, NoSetup):
            return found.reason
        return "gate" if self._rule.require_gate and not found.gate_ok else found

    async def _emit(self, pair: str, setup: MrSignal) -> str:
        record = setup.to_dict()
        outlook = {name: record.pop(name) for name in _OUTLOOK}
        post = PostSignal(**{**record, "symbol": pair})
        emit = EmitSignal(post, outlook, setup.bar_ts, TF_MS[self._rule.timeframe])
        return await self.context.ask(emit, timeout=ASK_SECONDS)

"""What the actors need from the outside, as protocols; `system.py` hands the implementations in.

Nothing in `domain/` or `actors/` reads a clock, draws a random number, opens a file or a socket: it asks one of
these. That is what makes a run repeatable.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from opentrader.domain.agents import AgentCard, AgentName, LogLine
from opentrader.domain.analysis.trend import TrendRecord
from opentrader.domain.license import License
from opentrader.domain.signals import SignalRecord
from opentrader.domain.symbols import Listing
from opentrader.domain.timeframes import Timeframe


class Clock(Protocol):
    """Two times. Wall time drives HTTP, licenses and signals; market time drives candles and fills."""

    def wall(self) -> float:
        """Unix time in seconds."""
        ...

    def market_ms(self) -> int:
        """Market time in Unix milliseconds; it runs `--speed` times as fast as the wall."""
        ...


class Ids(Protocol):
    """Where new names come from."""

    def new(self) -> str:
        """A fresh identifier: unique, sortable by time, letters and digits only."""
        ...


class Positions(Protocol):
    """What is held and what was traded today, as far as signals need to know. Any thread; never waits."""

    def held(self, pair: str) -> bool:
        """Whether a trade of ours is open in this pair, or being opened."""
        ...

    def awaited(self, pair: str) -> bool:
        """Whether a LIMIT entry of ours waits in this pair."""
        ...

    def trades_today(self) -> int:
        """Entries executed by all bots since 00:00 UTC or the last reset."""
        ...

    def halted(self) -> bool:
        """Whether no new entries are let in, by a halt or while everything is being closed."""
        ...


class Approvals(Protocol):
    """Asks the operator for a decision about a signal."""

    async def request_approval(self, record: SignalRecord) -> bool:
        """Whether the request was sent; False without a bot, when it failed, or when that is not known in time."""
        ...


class Feed(Protocol):
    """Where candles come from.

    `source` names it in every answer (`simulated`, `files`, `binance`). Coroutines run on the system's loop.
    """

    source: str

    def listings(self) -> dict[str, Listing]:
        """The listed pairs by canonical name (`BTCUSDT`)."""
        ...

    async def candles(self, pair: str, timeframe: Timeframe, *, limit: int, now_ms: int) -> NDArray[np.float64]:
        """The last `limit` closed candles as of `now_ms`, and the forming one after them if there is one.

        Shape (n, 6): timestamp_ms of the opening, open, high, low, close, volume; oldest first, as the source
        tells it (not cleaned). Fewer rows where the history is shorter. Raises `SymbolNotFound` for a pair that
        is not listed and `ExchangeError` when the source fails.
        """
        ...


class Kernels(Protocol):
    """Where the analysis runs while the compiled kernels are not at hand."""

    @property
    def warm(self) -> bool:
        """Whether an actor may call the kernels on its own thread without compiling anything."""
        ...

    async def run(self, function: str, *args: Any, **named: Any) -> Any:
        """Call a function, by its dotted name, on a thread or in a process that may take its time."""
        ...


# The store, as each actor sees it: `load` is read at the start of an actor's life, on its own thread; a coroutine
# returns when what it was given is durable, and raises `StorageError` when nothing was kept.


class SignalStore(Protocol):
    """The signals, and the candle that each bot last signalled on each pair."""

    def load(self) -> tuple[list[SignalRecord], dict[tuple[str, str], int]]:
        """The signals, newest first; and (pair, bot) -> opening of the candle in milliseconds."""
        ...

    async def keep(self, signal: SignalRecord, bar_ms: int | None = None) -> None:
        """Store a signal in place of its pair's; with `bar_ms`, remember the candle in the same commit."""
        ...

    async def sweep(self, expired: list[SignalRecord], deleted: list[str]) -> None:
        """Store the expired ones and forget the deleted pairs, in one commit."""
        ...


class LicenseStore(Protocol):
    """The license, sealed against edits by another hand, and the latest wall second seen."""

    def load(self) -> tuple[License, float]:
        """The license (without a key where there is none, or its seal is broken) and the clock's high water."""
        ...

    async def keep(self, license: License) -> None: ...

    async def keep_clock(self, at: float) -> None: ...


class AgentStore(Protocol):
    """The agents' cards and the board's log."""

    def load(self) -> tuple[dict[AgentName, AgentCard], list[LogLine]]:
        """The cards that were ever set, and the log, newest first."""
        ...

    async def keep(self, line: LogLine, name: AgentName | None, card: AgentCard | None) -> None:
        """Append a line and, for a caller with a card, set it, in one commit."""
        ...


class TrendStore(Protocol):
    """The latest trend of each symbol and timeframe."""

    def load(self) -> list[TrendRecord]: ...

    async def keep(self, records: list[TrendRecord], stored_at: int) -> None:
        """Store each in place of the row of its symbol and timeframe, in one commit."""
        ...

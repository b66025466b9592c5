"""The ports of the actors, as protocols; `opentrader.system` passes in the implementations.

Nothing in `domain/` or `actors/` reads a clock, draws a random number, or opens a file or a socket except through these
ports. That makes a run repeatable.
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
    """Wall time dates what is shown and stored; steady time measures; market time drives candles and fills."""

    def wall(self) -> float:
        """Unix time in seconds. Somebody may set it, forward or back: no duration and no deadline is taken from it."""
        ...

    def steady(self) -> float:
        """Unix time in seconds as of the start, counted since then by a clock that nobody can set."""
        ...

    def market_ms(self) -> int:
        """Market time in Unix milliseconds; it runs `--speed` times as fast as wall time."""
        ...


class Ids(Protocol):
    """A source of identifiers."""

    def new(self) -> str:
        """A fresh identifier: unique, sortable by time, letters and digits only."""
        ...


class Positions(Protocol):
    """Open positions and today's trades, for signals. Any thread; never blocks."""

    def held(self, pair: str) -> bool:
        """Whether a trade of ours is open or opening in this pair."""
        ...

    def awaited(self, pair: str) -> bool:
        """Whether a LIMIT entry of ours is pending in this pair."""
        ...

    def trades_today(self) -> int:
        """Entries executed by all bots since 00:00 UTC or the last reset."""
        ...

    def halted(self) -> bool:
        """Whether new entries are refused, by a halt or during a closeall."""
        ...


class Approvals(Protocol):
    """Requests the decision of the operator on a signal."""

    async def request_approval(self, record: SignalRecord) -> bool:
        """Whether the request was sent; False without a bot, on a failure, and when no outcome is known in time."""
        ...


class Feed(Protocol):
    """The source of candles.

    `source` is its name in responses (`simulated`, `files`, `binance`). Coroutines run on the event loop of the system.
    """

    source: str

    def listings(self) -> dict[str, Listing]:
        """The listed pairs by canonical name (`BTCUSDT`)."""
        ...

    async def candles(self, pair: str, timeframe: Timeframe, *, limit: int, now_ms: int) -> NDArray[np.float64]:
        """The last `limit` closed candles at `now_ms`, followed by the forming candle if there is one.

        Shape (n, 6): open time in Unix milliseconds, open, high, low, close, volume; oldest first, each valid and on
        the grid of its timeframe. Fewer rows where the history is shorter. Raises `SymbolNotFound` for a pair that is
        not listed, `ExchangeError` when the source fails. Call it through `domain.analysis.reading.candles_of`, which
        refuses any other answer.
        """
        ...


class Kernels(Protocol):
    """Where the analysis runs until the kernels are compiled."""

    @property
    def warm(self) -> bool:
        """Whether an actor can call the kernels on its own thread without compiling them."""
        ...

    async def run(self, function: str, *args: Any, **named: Any) -> Any:
        """Call a function, given by its dotted name, on a worker thread or in a process."""
        ...


# The store, as each actor sees it. `load` is called when an actor starts, on its thread. A coroutine returns when its
# argument is durable and raises `StorageError` when nothing was stored.


class SignalStore(Protocol):
    """The signals, and the candle that each bot last signalled on each pair."""

    def load(self) -> tuple[list[SignalRecord], dict[tuple[str, str], int]]:
        """The signals, newest first; and (pair, bot) -> open time of the candle in Unix milliseconds."""
        ...

    async def keep(self, signal: SignalRecord, bar_ms: int | None = None) -> None:
        """Store a signal in place of the earlier one of its pair; with `bar_ms`, also the candle, in one commit."""
        ...

    async def sweep(self, expired: list[SignalRecord], deleted: list[str]) -> None:
        """Store the expired signals and delete those of the pairs `deleted`, in one commit."""
        ...


class LicenseStore(Protocol):
    """The license, sealed against edits, and the latest wall time seen."""

    def load(self) -> tuple[License, float]:
        """The license (without a key if there is none or its seal is broken) and the latest wall time seen."""
        ...

    async def keep(self, license: License) -> None: ...

    async def keep_clock(self, at: float) -> None: ...


class AgentStore(Protocol):
    """The cards and the log of the agent board."""

    def load(self) -> tuple[dict[AgentName, AgentCard], list[LogLine]]:
        """The stored cards, and the log, newest first."""
        ...

    async def keep(
        self, line: LogLine, name: AgentName | None, card: AgentCard | None, *, patient: bool = False
    ) -> None:
        """Append a line and, for a caller with a card, store the card, in one commit; a `patient` one may be shared."""
        ...


class TrendStore(Protocol):
    """The latest trend of each symbol and timeframe."""

    def load(self) -> list[TrendRecord]: ...

    async def keep(self, records: list[TrendRecord], stored_at: int) -> None:
        """Store each in place of the earlier one of its symbol and timeframe, in one commit."""
        ...

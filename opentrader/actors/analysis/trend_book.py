"""Owns the latest trend of each symbol and timeframe, computed or posted."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from opentrader.actors.messages import (
    NoteTrends,
    StoreTrend,
    TrendStored,
)
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.analysis.trend import TrendRecord, TrendResult
from opentrader.domain.ports import TrendStore
from opentrader.domain.symbols import name_of
from opentrader.domain.timeframes import Timeframe

Key = tuple[str, Timeframe]


@dataclass(frozen=True, slots=True)
class TrendKept(Message[TrendStored]):
    """A posted trend is durable."""

    number: int
    record: TrendRecord
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class NotesKept(Message[None]):
    """A batch of computed trends is durable."""

    outcome: Outcome[None]


class TrendBook(Actor):
    """A posted trend is published once it is durable; a computed one at once, because it can be computed again.

    The trend that arrived last wins, here and in the store. Trends are numbered as they arrive, because a posted one
    is published later than it arrived.
    """

    def __init__(self, context: Context, store: TrendStore) -> None:
        super().__init__(context)
        self._store = store
        self._arrived = 0
        self._rows: dict[Key, tuple[int, TrendRecord]] = {}
        self._unsaved: dict[Key, TrendRecord] = {}
        self._saving = False

    def on_start(self) -> None:
        self._assign(0, self._store.load())

    @handles(StoreTrend)
    def store_trend(self, message: StoreTrend) -> Reply[TrendStored]:
        now = self.context.clock.market_ms() // 1000
        record = TrendRecord(
            symbol=name_of(message.symbol),
            timeframe=message.timeframe,
            source=message.source,
            type=message.type,
            trend=message.trend,
            score=message.score,
            timestamp=now if message.timestamp is None else message.timestamp,
        )
        self._unsaved.pop(_key(record), None)  # older, and would be written later
        return self.pipe(self._keep([record]), then=partial(TrendKept, self._number(), record))

    @handles(TrendKept)
    def kept(self, message: TrendKept) -> TrendStored:
        message.outcome.unwrap()
        record = message.record
        self._assign(message.number, [record])
        return TrendStored(
            symbol=record.symbol, timeframe=record.timeframe, trend=record.trend, timestamp=record.timestamp
        )

    @handles(NoteTrends)
    def note(self, message: NoteTrends) -> None:
        records = [_noted(result) for result in message.results]
        self._assign(self._number(), records)
        self._unsaved |= {_key(record): record for record in records}
        self._save()

    @handles(NotesKept)
    def notes_kept(self, message: NotesKept) -> None:
        self._saving = False
        self._save()
        message.outcome.unwrap()

    def _save(self) -> None:
        """One write at a time, of all waiting trends: a scan of many symbols takes one or two commits."""
        if self._unsaved and not self._saving:
            records, self._unsaved, self._saving = list(self._unsaved.values()), {}, True
            self.pipe(self._keep(records), then=NotesKept)

    def _keep(self, records: list[TrendRecord]) -> Coroutine[Any, Any, None]:
        return self._store.keep(records, int(self.context.clock.wall()))

    def _number(self) -> int:
        self._arrived += 1
        return self._arrived

    def _assign(self, number: int, records: list[TrendRecord]) -> None:
        """Publish the trends that arrived under this number, unless a later one is already published."""
        news = {_key(record): (number, record) for record in records}
        self._rows |= {key: row for key, row in news.items() if key not in self._rows or self._rows[key][0] < number}
        self.publish(tuple(self._rows[key][1] for key in sorted(self._rows)))


def _key(record: TrendRecord) -> Key:
    return record.symbol, record.timeframe


def _noted(result: TrendResult) -> TrendRecord:
    return TrendRecord(
        symbol=result.symbol,
        timeframe=result.timeframe,
        source=result.source,
        type=result.type,
        trend=result.trend,
        score=result.score,
        timestamp=result.timestamp,
    )

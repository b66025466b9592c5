"""Owns the latest trend of each symbol and timeframe, whoever worked it out."""

from __future__ import annotations

from collections.abc import Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Any

from opentrader.actors.actor import Actor
from opentrader.actors.context import Context
from opentrader.actors.handles import handles
from opentrader.actors.message import Message
from opentrader.actors.messages import NoteTrends, StoreTrend
from opentrader.actors.outcome import Outcome
from opentrader.actors.replies import TrendStored
from opentrader.actors.reply import Reply
from opentrader.domain.ports import TrendStore
from opentrader.domain.symbols import name_of
from opentrader.domain.timeframes import Timeframe
from opentrader.domain.trend import TrendRecord, TrendResult


@dataclass(frozen=True, slots=True)
class TrendKept(Message[TrendStored]):
    """A posted trend is durable."""

    record: TrendRecord
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class NotesKept(Message[None]):
    """The computed trends that were waiting are durable."""

    outcome: Outcome[None]


class TrendBook(Actor):
    """A posted trend is shown once it is durable; a computed one at once, for it can be computed again."""

    def __init__(self, context: Context, store: TrendStore) -> None:
        super().__init__(context)
        self._store = store
        self._rows: dict[tuple[str, Timeframe], TrendRecord] = {}
        self._unsaved: dict[tuple[str, Timeframe], TrendRecord] = {}
        self._saving = False

    def on_start(self) -> None:
        self._assign(self._store.load())

    @handles(StoreTrend)
    def store_trend(self, message: StoreTrend) -> Reply[TrendStored]:
        now = self.context.clock.market_ms() // 1000
        record = TrendRecord(
            name_of(message.symbol),
            message.timeframe,
            message.source,
            message.type,
            message.trend,
            message.score,
            now if message.timestamp is None else message.timestamp,
        )
        return self.pipe(self._keep([record]), then=partial(TrendKept, record))

    @handles(TrendKept)
    def kept(self, message: TrendKept) -> TrendStored:
        message.outcome.unwrap()
        record = message.record
        self._assign([record])
        return TrendStored(record.symbol, record.timeframe, record.trend, record.timestamp)

    @handles(NoteTrends)
    def note(self, message: NoteTrends) -> None:
        records = [_noted(result) for result in message.results]
        self._assign(records)
        self._unsaved |= {(record.symbol, record.timeframe): record for record in records}
        self._save()

    @handles(NotesKept)
    def notes_kept(self, message: NotesKept) -> None:
        self._saving = False
        message.outcome.unwrap()
        self._save()

    def _save(self) -> None:
        """One write at a time takes all that wait: a scan of many symbols is one commit or two."""
        if self._unsaved and not self._saving:
            records, self._unsaved, self._saving = list(self._unsaved.values()), {}, True
            self.pipe(self._keep(records), then=NotesKept)

    def _keep(self, records: list[TrendRecord]) -> Coroutine[Any, Any, None]:
        return self._store.keep(records, int(self.context.clock.wall()))

    def _assign(self, records: list[TrendRecord]) -> None:
        self._rows = {**self._rows, **{(record.symbol, record.timeframe): record for record in records}}
        self.publish(tuple(self._rows[key] for key in sorted(self._rows)))


def _noted(result: TrendResult) -> TrendRecord:
    return TrendRecord(
        result.symbol, result.timeframe, result.source, result.type, result.trend, result.score, result.timestamp
    )

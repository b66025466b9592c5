"""The store as each actor sees it (`domain.ports`): rows in the tables, values of the domain outside."""

from __future__ import annotations

import hmac
from dataclasses import asdict
from functools import partial
from typing import cast

import orjson
from apsw import Connection

from opentrader.domain.agents import AgentCard, AgentName, AgentStatus, Level, LogLine
from opentrader.domain.analysis.trend import Score, Trend, TrendRecord
from opentrader.domain.license import License
from opentrader.domain.signals import Direction, SignalRecord, SignalStatus
from opentrader.domain.timeframes import Timeframe
from opentrader.store.sqlite.database import Store
from opentrader.store.tables import agents, licenses, signals, trends
from opentrader.store.tables import settings as choices

CLOCK_HIGH_WATER = "clock_high_water"


class SignalTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> tuple[list[SignalRecord], dict[tuple[str, str], int]]:
        rows, bars = self._store.read(lambda connection: (signals.rows(connection), signals.bars(connection)))
        return [_signal(row) for row in rows], bars

    async def keep(self, signal: SignalRecord, bar_ms: int | None = None) -> None:
        await self._store.write(partial(_keep_signal, signal, bar_ms))

    async def sweep(self, expired: list[SignalRecord], deleted: list[str]) -> None:
        await self._store.write(partial(_sweep_signals, expired, deleted))


class LicenseTable:
    """`secret` seals the row: one that was edited by another hand is not believed."""

    def __init__(self, store: Store, *, machine_id: str, secret: bytes) -> None:
        self._store, self._machine_id, self._secret = store, machine_id, secret

    def load(self) -> tuple[License, float]:
        high_water = self._store.read(partial(choices.get, key=CLOCK_HIGH_WATER))
        return self._license(self._store.read(licenses.row)), float(high_water or 0)

    async def keep(self, license: License) -> None:
        await self._store.write(partial(_keep_license, license, license.seal(self._secret)))

    async def keep_clock(self, at: float) -> None:
        await self._store.write(partial(choices.put, key=CLOCK_HIGH_WATER, text=repr(at)))

    def _license(self, row: licenses.Row | None) -> License:
        none = License(self._machine_id)
        if row is None:
            return none
        read = License(row.machine_id, row.code, row.email, row.name, row.plan, row.activated_at, row.expires_at)
        genuine = row.machine_id == self._machine_id and hmac.compare_digest(row.mac, read.seal(self._secret))
        return read if genuine else none


class AgentTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> tuple[dict[AgentName, AgentCard], list[LogLine]]:
        cards, lines = self._store.read(lambda connection: (agents.cards(connection), agents.log(connection)))
        return (
            {cast(AgentName, c.name): AgentCard(cast(AgentStatus, c.status), c.action, c.ts) for c in cards},
            [LogLine(line.ts, line.agent, cast(Level, line.level), line.message) for line in lines],
        )

    async def keep(self, line: LogLine, name: AgentName | None, card: AgentCard | None) -> None:
        await self._store.write(partial(_keep_work, line, name, card))


class TrendTable:
    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> list[TrendRecord]:
        return [_trend(row) for row in self._store.read(trends.rows)]

    async def keep(self, records: list[TrendRecord], stored_at: int) -> None:
        await self._store.write(partial(_keep_trends, records, stored_at))


def _signal(row: signals.Row) -> SignalRecord:
    return SignalRecord(
        row.pair,
        cast(Direction, row.direction),
        row.bot,
        cast(SignalStatus, row.status),
        row.notified,
        row.created_at,
        row.updated_at,
        row.expires_at,
        orjson.loads(row.body),
    )


def _put_signal(connection: Connection, signal: SignalRecord) -> None:
    signals.put(
        connection,
        signal.pair,
        direction=signal.direction,
        bot=signal.bot,
        status=signal.status,
        notified=signal.notified,
        created_at=signal.created_at,
        updated_at=signal.updated_at,
        expires_at=signal.expires_at,
        body=orjson.dumps(signal.body).decode(),
    )


def _keep_signal(signal: SignalRecord, bar_ms: int | None, connection: Connection) -> None:
    _put_signal(connection, signal)
    if bar_ms is not None:
        signals.put_bar(connection, signal.pair, signal.bot, bar_ms)


def _sweep_signals(expired: list[SignalRecord], deleted: list[str], connection: Connection) -> None:
    for signal in expired:
        _put_signal(connection, signal)
    signals.delete(connection, deleted)


def _keep_license(new: License, mac: bytes, connection: Connection) -> None:
    licenses.put(
        connection,
        code=new.key or "",
        email=new.email,
        name=new.name,
        plan=new.plan,
        machine_id=new.machine_id,
        activated_at=new.activated_at or 0,
        expires_at=new.expires_at,
        mac=mac,
    )


def _keep_work(line: LogLine, name: AgentName | None, card: AgentCard | None, connection: Connection) -> None:
    agents.append(connection, ts=line.ts, agent=line.agent, level=line.level, message=line.message)
    if name is not None and card is not None:
        agents.put_card(connection, name, status=card.status, action=card.action, ts=card.ts)


def _trend(row: trends.Row) -> TrendRecord:
    score = Score(**orjson.loads(row.score))
    return TrendRecord(
        row.symbol,
        cast(Timeframe, row.timeframe),
        row.source,
        row.type,
        cast(Trend, row.trend),
        score,
        row.timestamp,
    )


def _keep_trends(records: list[TrendRecord], stored_at: int, connection: Connection) -> None:
    for record in records:
        trends.put(
            connection,
            record.symbol,
            record.timeframe,
            source=record.source,
            type=record.type,
            trend=record.trend,
            score=orjson.dumps(asdict(record.score)).decode(),
            timestamp=record.timestamp,
            stored_at=stored_at,
        )

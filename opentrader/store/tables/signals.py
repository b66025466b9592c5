"""Signals, one per pair, and the candle that each bot last signalled. Instants are whole Unix seconds."""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

from apsw import Connection

from opentrader.domain.signals import SignalRecord
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.rows import Rows

SIGNALS = Rows("signals", SignalRecord)


class SignalTable:
    """`domain.ports.SignalStore`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def load(self) -> tuple[list[SignalRecord], dict[tuple[str, str], int]]:
        return self._store.read(lambda connection: (rows(connection), bars(connection)))

    async def keep(self, signal: SignalRecord, bar_ms: int | None = None) -> None:
        await self._store.write(partial(put, signal=signal, bar_ms=bar_ms))

    async def sweep(self, expired: list[SignalRecord], deleted: list[str]) -> None:
        await self._store.write(partial(sweep, expired=expired, deleted=deleted))


def put(connection: Connection, signal: SignalRecord, bar_ms: int | None = None) -> None:
    """Store a signal in place of the earlier one of its pair; `bar_ms`: the candle that its bot has now signalled."""
    SIGNALS.put(connection, signal)
    if bar_ms is not None:
        put_bar(connection, signal.pair, signal.bot, bar_ms)


def rows(connection: Connection) -> list[SignalRecord]:
    """All signals, whatever their status: newest `created_at` first, then by pair."""
    return SIGNALS.select(connection, "ORDER BY created_at DESC, pair")


def sweep(connection: Connection, expired: Iterable[SignalRecord], deleted: Iterable[str]) -> None:
    """Store the expired signals and delete those of the pairs `deleted`."""
    for signal in expired:
        SIGNALS.put(connection, signal)
    delete(connection, deleted)


def delete(connection: Connection, pairs: Iterable[str]) -> None:
    """Delete the signals of these pairs; a pair without a signal is skipped."""
    connection.executemany("DELETE FROM signals WHERE pair = ?", ((pair,) for pair in pairs))


def abandon(connection: Connection, at: int) -> list[str]:
    """Expire every pending signal at this Unix second and delete all bars. Returns the pairs that expired, sorted."""
    found = connection.execute(
        "UPDATE signals SET status = 'expired', updated_at = ? WHERE status = 'pending' RETURNING pair", (at,)
    )
    pairs = sorted(pair for (pair,) in found)
    connection.execute("DELETE FROM signal_bars")
    return pairs


def put_bar(connection: Connection, pair: str, bot: str, ts_ms: int) -> None:
    """Store the closed candle (its open time in Unix milliseconds) that `bot` last signalled on `pair`."""
    connection.execute("INSERT OR REPLACE INTO signal_bars (pair, bot, ts_ms) VALUES (?, ?, ?)", (pair, bot, ts_ms))


def bars(connection: Connection) -> dict[tuple[str, str], int]:
    """(pair, bot) -> open time of the candle last signalled, Unix milliseconds."""
    found = connection.execute("SELECT pair, bot, ts_ms FROM signal_bars")
    return {(pair, bot): ts_ms for pair, bot, ts_ms in found}

"""Rows of every table as tests store them."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import apsw

from opentrader.domain.analysis.trend import Score, TrendRecord
from opentrader.domain.license import License
from opentrader.domain.signals import SignalRecord
from opentrader.domain.trading.ledger import AuditEntry, ClosedTrade
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.domain.trading.venue import Fill
from opentrader.store import Store
from opentrader.store.sqlite.folder import DATABASE
from opentrader.store.tables import signals
from opentrader.store.tables.journal import JournalTable
from opentrader.store.tables.licenses import SealedLicense

PAGE = 4096  # bytes; the first page of a file has the number 1


SIGNAL = SignalRecord(
    pair="ETHUSDT",
    direction="buy",
    bot="mr_combined",
    status="pending",
    notified=False,
    created_at=1_700_000_000,
    updated_at=1_700_000_001,
    expires_at=1_700_003_600,
    body={"price": 2000.5, "checklist": {"zeta": True, "alpha": "é"}},
)


LICENSE = License(
    machine_id="m-1",
    key="OT-0000-1111-2222-3333",
    email="me@example.com",
    plan="free",
    activated_at=1_700_000_000,
)


SEALED = SealedLicense(LICENSE, bytes(range(32)))


TREND = TrendRecord(
    symbol="ETH",
    timeframe="1h",
    source="manual",
    type="crypto",
    trend="uptrend",
    score=Score(uptrend=3.5, downtrend=1, sideway=0),
    timestamp=1_700_000_000,
)


async def put_signal(store: Store, pair: str, **changes: Any) -> None:
    await store.write(partial(signals.put, signal=replace(SIGNAL, pair=pair, **changes)))


ENTRY = AuditEntry(1_700_000_000, "ops", "trade", "BTCUSDT", "ok", 200, "r-1", {"sl": 2.0, "note": "é"})
CLOSED = ClosedTrade(
    id="T1",
    symbol="BTCUSDT",
    direction="buy",
    size=Decimal("0.10"),
    entry_px=Decimal("60000.5"),
    exit_px=Decimal("63000.00"),
    pnl=Decimal("287.65"),
    pnl_pct=Decimal("4.79"),
    bot="mr_combined",
    source="trade",
    exit_reason="tp",
    opened_at=1_700_000_000,
    closed_at=1_700_000_900,
    agent="ops",
    fees=Decimal("12.30"),
    cancelled_orders=(17, "x"),
)


async def finished(store: Store, trade: Trade, ended_ms: int | None) -> None:
    """Four events of a trade: sent, filled, looked at, and its end, unless it goes on."""
    table, key = JournalTable(store), trade.intent.id
    fill = Fill(f"{key}-1", "1", "buy", Decimal(1), Decimal(1), Decimal(0), "USDT", 1)
    await table.save(trade, "sent", 1)
    await table.save(trade, "filled", 2, fills=[fill])
    await table.save(trade, "looked at", 3)
    if ended_ms is None:
        await table.save(trade, "goes on", 4)
    else:
        await table.finish(trade, replace(CLOSED, id=key), "flat", ended_ms)


def overwrite_page(data_dir: Path, table: str) -> None:
    """What SQLite cannot even read, in place of the first page of a table."""
    with (data_dir / DATABASE).open("r+b") as file:
        file.seek(_place_of(data_dir, table))
        file.write(b"\xff" * PAGE)


def zero_cells(data_dir: Path, table: str) -> None:
    """Zeros in place of all rows of a table that has one page: SQLite finds none of them, and reports no error."""
    place = _place_of(data_dir, table)
    with (data_dir / DATABASE).open("r+b") as file:
        file.seek(place + 5)
        content = int.from_bytes(file.read(2), "big")
        file.seek(place + content)
        file.write(bytes(PAGE - content))


def _place_of(data_dir: Path, table: str) -> int:
    with closing(apsw.Connection(str(data_dir / DATABASE))) as connection:
        connection.pragma("wal_checkpoint")
        page = int(connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (table,)).get)
    return (page - 1) * PAGE

"""Each kind of row: what went in comes out, after a restart as well."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import apsw

from opentrader.domain.agents import AgentCard, LogLine
from opentrader.store import Store
from opentrader.store.tables import agents, licenses, settings, signals, trends
from tests.store.given import SEALED, SIGNAL, TREND, put_signal


async def test_all_of_it_survives_a_restart(data_dir: Path) -> None:
    first = Store.open(data_dir)
    await put_signal(first, "ETHUSDT")
    await first.write(partial(licenses.put, sealed=SEALED))
    await first.write(partial(agents.put_card, name="ops", card=AgentCard("idle", "x", 1)))
    await first.write(partial(agents.append, line=LogLine(1, "ops", "error", "m")))
    await first.write(partial(trends.put, records=[TREND], stored_at=1))
    await first.write(partial(settings.put, key="k", text="v"))
    reads = (signals.rows, licenses.row, agents.cards, agents.log, trends.rows, partial(settings.get, key="k"))
    before = [first.read(read) for read in reads]
    first.close()
    second = Store.open(data_dir)
    after = [second.read(read) for read in reads]
    second.close()
    assert after == before
    assert all(after)


# --- the format on the disk, as version 0.1.0 wrote it --------------------------------------------------------------

ON_DISK = {
    "signals": (
        "ETHUSDT",
        "buy",
        "mr_combined",
        "pending",
        0,
        1_700_000_000,
        1_700_000_001,
        1_700_003_600,
        '{"price":2000.5,"checklist":{"zeta":true,"alpha":"é"}}',
        None,  # `lapsed_at`, which a migration added
    ),
    "licence": (
        1,
        "OT-0000-1111-2222-3333",
        "me@example.com",
        None,
        "free",
        "m-1",
        1_700_000_000,
        None,
        bytes(range(32)),
    ),
    "agent_cards": ("ops", "running", "scan", 100),
    "agent_log": (1, 100, "ops", "info", "running: scan"),
    "trends": (
        "ETH",
        "1h",
        "manual",
        "crypto",
        "uptrend",
        '{"uptrend":3.5,"downtrend":1,"sideway":0}',
        1_700_000_000,
        1_700_000_009,
    ),
}
CARD, LINE = AgentCard("running", "scan", 100), LogLine(100, "ops", "info", "running: scan")


def insert(connection: apsw.Connection) -> None:
    for table, row in ON_DISK.items():
        connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(row))})", row)


def put(connection: apsw.Connection) -> None:
    signals.put(connection, SIGNAL)
    licenses.put(connection, SEALED)
    agents.put_card(connection, "ops", CARD)
    agents.append(connection, LINE)
    trends.put(connection, [TREND], stored_at=1_700_000_009)


async def test_the_rows_of_a_released_folder_are_read(store: Store) -> None:
    await store.write(insert)
    reads = (signals.rows, licenses.row, agents.cards, agents.log, trends.rows)
    assert [store.read(read) for read in reads] == [[SIGNAL], SEALED, {"ops": CARD}, [LINE], [TREND]]


def rows_of(connection: apsw.Connection, table: str) -> object:
    return connection.execute(f"SELECT * FROM {table}").get


async def test_rows_are_written_as_they_were_released(store: Store) -> None:
    await store.write(put)
    found = {table: store.read(partial(rows_of, table=table)) for table in ON_DISK}
    assert found == ON_DISK

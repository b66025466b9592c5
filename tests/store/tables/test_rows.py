"""Each kind of row: what went in comes out, after a restart as well."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from pathlib import Path

import apsw
import pytest

from opentrader.domain.agents import AgentCard, LogLine
from opentrader.domain.analysis.trend import Score, TrendRecord
from opentrader.domain.license import License
from opentrader.domain.signals import SignalRecord
from opentrader.store import Store
from opentrader.store.tables import agents, licenses, settings, signals, trends
from opentrader.store.tables.licenses import LicenseTable, SealedLicense

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


async def put_signal(store: Store, pair: str, **changes: object) -> None:
    await store.write(partial(signals.put, signal=replace(SIGNAL, pair=pair, **changes)))  # type: ignore[arg-type]


async def test_a_signal_comes_back_as_it_was_stored(store: Store) -> None:
    await put_signal(store, "ETHUSDT", notified=True)
    (row,) = store.read(signals.rows)
    assert row == replace(SIGNAL, notified=True)
    assert row.notified is True
    assert list(row.body["checklist"]) == ["zeta", "alpha"]  # the order of the poster


async def test_a_pair_has_one_signal_the_last(store: Store) -> None:
    await put_signal(store, "ETHUSDT")
    await put_signal(store, "ETHUSDT", status="skipped", updated_at=1_700_000_777)
    (row,) = store.read(signals.rows)
    assert (row.status, row.updated_at, row.notified) == ("skipped", 1_700_000_777, False)


async def test_signals_are_listed_newest_first_then_by_pair(store: Store) -> None:
    for pair, created_at in (("AUSDT", 10), ("DUSDT", 20), ("CUSDT", 20), ("BUSDT", 15)):
        await put_signal(store, pair, created_at=created_at)
    assert [row.pair for row in store.read(signals.rows)] == ["CUSDT", "DUSDT", "BUSDT", "AUSDT"]


async def test_deleting_signals_spares_the_others_and_the_bars(store: Store) -> None:
    for pair in ("AUSDT", "BUSDT", "CUSDT"):
        await put_signal(store, pair)
    await store.write(lambda connection: signals.put_bar(connection, "AUSDT", "mr", 5))
    await store.write(lambda connection: signals.delete(connection, ["AUSDT", "CUSDT", "NONEUSDT"]))
    assert [row.pair for row in store.read(signals.rows)] == ["BUSDT"]
    assert store.read(signals.bars) == {("AUSDT", "mr"): 5}


async def test_a_bar_is_kept_for_each_pair_and_bot(store: Store) -> None:
    bars = (("AUSDT", "x", 1), ("AUSDT", "y", 2), ("BUSDT", "x", 3), ("AUSDT", "x", 1_700_000_000_000))
    for bar in bars:
        await store.write(lambda connection, bar=bar: signals.put_bar(connection, *bar))
    kept = {("AUSDT", "x"): 1_700_000_000_000, ("AUSDT", "y"): 2, ("BUSDT", "x"): 3}
    assert store.read(signals.bars) == kept


@pytest.mark.parametrize(
    "wrong",
    [{"direction": "long"}, {"status": "new"}, {"notified": 2}, {"created_at": 1.5}, {"bot": None}],
    ids=str,
)
async def test_the_schema_refuses_a_wrong_signal(store: Store, wrong: dict[str, object]) -> None:
    with pytest.raises(apsw.ConstraintError):
        await put_signal(store, "ETHUSDT", **wrong)
    assert store.read(signals.rows) == []


async def test_the_license_is_one_row(store: Store) -> None:
    assert store.read(licenses.row) is None
    later = SealedLicense(replace(LICENSE, plan="pro", expires_at=1_800_000_000), bytes(32))
    for sealed in (SEALED, later):
        await store.write(partial(licenses.put, sealed=sealed))
        assert store.read(licenses.row) == sealed


async def test_a_license_counts_where_it_was_sealed_and_nowhere_else(store: Store) -> None:
    await LicenseTable(store, machine_id="m-1", secret=b"s").keep(LICENSE)
    installations = (("m-1", b"s"), ("m-1", b"t"), ("m-2", b"s"))
    tables = [LicenseTable(store, machine_id=machine, secret=secret) for machine, secret in installations]
    assert [table.load()[0] for table in tables] == [LICENSE, License("m-1"), License("m-2")]


async def test_a_license_without_a_key_is_refused(store: Store) -> None:
    with pytest.raises(apsw.ConstraintError):
        await store.write(partial(licenses.put, sealed=replace(SEALED, license=License("m-1", activated_at=1))))
    assert store.read(licenses.row) is None


async def test_cards_are_replaced_and_listed_by_name(store: Store) -> None:
    for name, action, ts in (("tech", "old", 1), ("coo", "", 2), ("tech", "new", 3)):
        await store.write(partial(agents.put_card, name=name, card=AgentCard("running", action, ts)))
    assert list(store.read(agents.cards).items()) == [
        ("coo", AgentCard("running", "", 2)),
        ("tech", AgentCard("running", "new", 3)),
    ]


async def test_the_log_keeps_the_newest_lines(store: Store) -> None:
    def append(connection: apsw.Connection, numbers: range) -> None:
        for number in numbers:
            agents.append(connection, LogLine(7, "ops", "info", str(number)))

    await store.write(lambda connection: append(connection, range(agents.LOG_LINES + 30)))
    lines = store.read(agents.log)
    assert [line.message for line in lines] == [str(number) for number in range(229, 29, -1)]
    assert lines[0] == LogLine(7, "ops", "info", "229")


async def test_a_trend_is_kept_for_each_symbol_and_timeframe(store: Store) -> None:
    first = [
        replace(TREND, trend="sideway"),
        replace(TREND, symbol="BTC", timeframe="4h"),
        replace(TREND, symbol="BTC", trend="unknown"),
    ]
    last = replace(TREND, trend="downtrend", timestamp=TREND.timestamp + 60)
    await store.write(partial(trends.put, records=first, stored_at=1))
    await store.write(partial(trends.put, records=[last], stored_at=2))
    assert store.read(trends.rows) == [first[2], first[1], last]


async def test_the_first_choice_is_kept_until_it_is_put(store: Store) -> None:
    assert store.read(lambda connection: settings.get(connection, "seed")) is None
    assert await store.write(lambda connection: settings.keep(connection, "seed", "one")) == "one"
    assert await store.write(lambda connection: settings.keep(connection, "seed", "two")) == "one"
    await store.write(lambda connection: settings.put(connection, "seed", "three"))
    assert store.read(lambda connection: settings.get(connection, "seed")) == "three"


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


async def test_rows_are_written_as_they_were_released(store: Store) -> None:
    await store.write(put)
    found = {table: store.read(lambda c, table=table: c.execute(f"SELECT * FROM {table}").get) for table in ON_DISK}
    assert found == ON_DISK

"""Whoever changes what was written is found out."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import apsw
import orjson
import pytest

from opentrader.store import Store
from opentrader.store.sqlite import schema
from opentrader.store.tables import events
from opentrader.store.verification import AuditReport, verify_audit


def report_of(data_dir: Path) -> AuditReport:
    report = verify_audit(data_dir)
    assert report is not None
    return report


@pytest.fixture
def tampered(full: Store, data_dir: Path, tmp_path: Path) -> Callable[[str], AuditReport]:
    """What the verification says after somebody who knows SQL was at a copy of the store."""

    def change(sql: str) -> AuditReport:
        copy = shutil.copytree(data_dir, tmp_path / "copy")
        connection = apsw.Connection(str(copy / "opentrader.db"))
        for trigger in ("events_are_never_changed", "events_are_never_pruned"):
            connection.execute(f"DROP TRIGGER {trigger}")
        for _ in connection.execute(sql):
            pass
        connection.close()
        return report_of(copy)

    full.close()
    return change


async def test_a_store_that_was_left_alone_is_whole_beside_its_daemon(full: Store, data_dir: Path) -> None:
    head = full.read(events.head)
    assert report_of(data_dir) == AuditReport(6, head.hash.hex(), None, ())
    full.close()
    assert report_of(data_dir) == AuditReport(6, head.hash.hex(), None, ())


@pytest.mark.parametrize(
    ("sql", "broken_at"),
    [
        ("UPDATE events SET json = replace(json, 'ops', 'coo') WHERE seq = 2", 2),
        ("UPDATE events SET ts_ms = ts_ms + 1 WHERE seq = 3", 3),
        ("UPDATE events SET type = 'folded' WHERE seq = 3", 3),
        ("UPDATE events SET hash = zeroblob(32) WHERE seq = 6", 6),
        ("UPDATE events SET prev_hash = zeroblob(32) WHERE seq = 4", 4),
        ("DELETE FROM events WHERE seq = 2", 2),
        ("DELETE FROM events WHERE seq = 1", 1),
        ("UPDATE events SET seq = 7 WHERE seq = 6", 6),
        ("INSERT INTO events SELECT 0, ts_ms, type, json, prev_hash, hash FROM events WHERE seq = 1", 1),
        ("INSERT INTO events SELECT 7, ts_ms, type, json, prev_hash, hash FROM events WHERE seq = 6", 7),
    ],
)
def test_the_first_event_that_is_not_as_it_was_is_named(
    tampered: Callable[[str], AuditReport], sql: str, broken_at: int
) -> None:
    report = tampered(sql)
    assert report.broken_at == broken_at
    assert f"event {broken_at} " in report.faults[0]


def test_a_row_sealed_anew_breaks_the_next_one(tampered: Callable[[str], AuditReport], full: Store) -> None:
    forged = hashlib.sha256(orjson.dumps([1, 1, "sent", "{}"]) + bytes(32)).hexdigest()
    assert tampered(f"UPDATE events SET json = '{{}}', hash = x'{forged}' WHERE seq = 1").broken_at == 2


def test_a_gap_is_found_though_the_row_behind_it_is_sealed_anew(
    tampered: Callable[[str], AuditReport], full: Store, data_dir: Path
) -> None:
    connection = apsw.Connection(str(data_dir / "opentrader.db"))
    ((before,),) = connection.execute("SELECT hash FROM events WHERE seq = 5")
    connection.close()
    forged = events.sealed(9, 1, "sent", "{}", before).hex()
    report = tampered(
        f"UPDATE events SET seq = 9, ts_ms = 1, type = 'sent', json = '{{}}', hash = x'{forged}' WHERE seq = 6"
    )
    assert report.broken_at == 6


@pytest.mark.parametrize(
    ("sql", "strayed"),
    [
        ("UPDATE trades SET body = json_set(body, '$.sl', '1') WHERE id = 'T2'", ("T2",)),
        ("UPDATE intents SET body = json_set(body, '$.qty', '9') WHERE id = 'T2'", ("T2",)),
        ("UPDATE legs SET body = json_set(body, '$.state', 'FILLED') WHERE trade_id = 'T1'", ("T1",)),
        ("DELETE FROM legs WHERE trade_id = 'T2'", ("T2",)),
        ("UPDATE trades SET ended_ms = 3 WHERE id = 'T2'", ("T2",)),
        ("UPDATE trades SET seq = 3 WHERE id = 'T2'", ("T2",)),
        ("UPDATE history SET pnl = '400'", ("T1",)),
        ("UPDATE history SET counted = 0", ("T1",)),
    ],
)
def test_a_row_that_differs_from_its_event_is_named(
    tampered: Callable[[str], AuditReport], sql: str, strayed: tuple[str, ...]
) -> None:
    report = tampered(sql)
    assert (report.broken_at, report.strayed) == (None, strayed)
    assert [strayed[0] in fault for fault in report.faults] == [True]


def test_an_end_that_is_cut_off_is_missed_by_the_trade_that_ended_there(
    tampered: Callable[[str], AuditReport], full: Store
) -> None:
    report = tampered("DELETE FROM events WHERE seq >= 5")
    assert (report.broken_at, report.strayed, report.events) == (None, ("T1", "T1"), 4)


def test_where_there_is_no_store_there_is_no_report(tmp_path: Path) -> None:
    assert verify_audit(tmp_path) is None


def test_an_empty_store_is_whole(store: Store, data_dir: Path) -> None:
    assert report_of(data_dir) == AuditReport(0, "00" * 32, None, ())


def test_a_store_of_a_version_without_events_is_whole(data_dir: Path) -> None:
    data_dir.mkdir()
    connection = apsw.Connection(str(data_dir / "opentrader.db"))
    schema.migrate(connection, schema.migrations()[:1])
    connection.close()
    assert report_of(data_dir) == AuditReport(0, "00" * 32, None, ())

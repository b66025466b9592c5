"""The chain of events: as its definition says, and never changed."""

from __future__ import annotations

import hashlib

import apsw
import orjson
import pytest

from opentrader.store import Store
from opentrader.store.tables import events


async def test_the_chain_is_what_its_definition_says(full: Store) -> None:
    rows = full.read(lambda connection: list(connection.execute("SELECT * FROM events ORDER BY seq")))
    before = bytes(32)
    for number, (seq, ts_ms, kind, json, prev_hash, seal) in enumerate(rows, 1):
        written = orjson.dumps([seq, ts_ms, kind, json])
        assert (seq, prev_hash) == (number, before)
        assert seal == hashlib.sha256(written + prev_hash).digest()
        before = seal
    assert full.read(events.head) == (6, before)


async def test_a_verification_tells_how_far_it_is(full: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "TOLD_EVERY", 2)
    told = list[int]()
    assert full.read(lambda connection: events.verify(connection, told=told.append)) is None
    assert told == [2, 4, 6]


@pytest.mark.parametrize("sql", ["UPDATE events SET ts_ms = 0 WHERE seq = 2", "DELETE FROM events WHERE seq = 6"])
async def test_the_schema_refuses_to_change_or_prune_events(full: Store, sql: str) -> None:
    with pytest.raises(apsw.ConstraintError, match="append-only"):
        await full.write(lambda connection: list(connection.execute(sql)))
    assert full.read(events.verify) is None

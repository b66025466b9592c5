"""Each kind of row: what went in comes out, after a restart as well."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import apsw
import pytest

from opentrader.store import Store
from opentrader.store.tables import agents, licenses, signals, trends
from opentrader.store.tables import settings as choices

SIGNAL = {
    "direction": "buy",
    "bot": "mr_combined",
    "status": "pending",
    "notified": False,
    "created_at": 1_700_000_000,
    "updated_at": 1_700_000_001,
    "expires_at": 1_700_003_600,
    "body": '{"price":2000.5,"checklist":["é"]}',
}
LICENSE = {
    "code": "OT-0000-1111-2222-3333",
    "email": "me@example.com",
    "name": None,
    "plan": "free",
    "machine_id": "m-1",
    "activated_at": 1_700_000_000,
    "expires_at": None,
    "mac": bytes(range(32)),
}
TREND = {
    "source": "manual",
    "type": "crypto",
    "trend": "uptrend",
    "score": "3.5",
    "timestamp": 1_700_000_000,
    "stored_at": 1_700_000_009,
}


async def put_signal(store: Store, pair: str, **changes: object) -> None:
    await store.write(partial(signals.put, pair=pair, **{**SIGNAL, **changes}))


async def test_a_signal_comes_back_as_it_was_stored(store: Store) -> None:
    await put_signal(store, "ETHUSDT", notified=True)
    (row,) = store.read(signals.rows)
    assert row._asdict() == {"pair": "ETHUSDT", **SIGNAL, "notified": True}
    assert row.notified is True


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
    [{"direction": "long"}, {"status": "new"}, {"notified": 2}, {"created_at": 1.5}, {"body": "{"}, {"bot": None}],
    ids=str,
)
async def test_the_schema_refuses_a_wrong_signal(store: Store, wrong: dict[str, object]) -> None:
    with pytest.raises(apsw.ConstraintError):
        await put_signal(store, "ETHUSDT", **wrong)
    assert store.read(signals.rows) == []


async def test_the_license_is_one_row(store: Store) -> None:
    assert store.read(licenses.row) is None
    await store.write(partial(licenses.put, **LICENSE))
    await store.write(partial(licenses.put, **{**LICENSE, "plan": "pro", "expires_at": 1_800_000_000}))
    row = store.read(licenses.row)
    assert row is not None
    assert row._asdict() == {**LICENSE, "plan": "pro", "expires_at": 1_800_000_000}


async def test_cards_are_replaced_and_listed_by_name(store: Store) -> None:
    for name, action, ts in (("tech", "old", 1), ("coo", "", 2), ("tech", "new", 3)):
        await store.write(partial(agents.put_card, name=name, status="running", action=action, ts=ts))
    assert store.read(agents.cards) == [("coo", "running", "", 2), ("tech", "running", "new", 3)]


async def test_the_log_keeps_the_newest_lines(store: Store) -> None:
    def append(connection: apsw.Connection, numbers: range) -> None:
        for number in numbers:
            agents.append(connection, ts=7, agent="ops", level="info", message=str(number))

    await store.write(lambda connection: append(connection, range(agents.LOG_LINES + 30)))
    lines = store.read(agents.log)
    assert [line.message for line in lines] == [str(number) for number in range(229, 29, -1)]
    assert lines[0] == (7, "ops", "info", "229")


async def test_a_trend_is_kept_for_each_symbol_and_timeframe(store: Store) -> None:
    stored = (
        ("ETH", "1h", "sideway"),
        ("BTC", "4h", "uptrend"),
        ("BTC", "1h", "unknown"),
        ("ETH", "1h", "downtrend"),
    )
    for symbol, timeframe, trend in stored:
        values = {**TREND, "trend": trend}
        await store.write(partial(trends.put, symbol=symbol, timeframe=timeframe, **values))
    rows = store.read(trends.rows)
    assert [row[:2] for row in rows] == [("BTC", "1h"), ("BTC", "4h"), ("ETH", "1h")]
    assert rows[2]._asdict() == {"symbol": "ETH", "timeframe": "1h", **TREND, "trend": "downtrend"}


async def test_the_first_choice_is_kept_until_it_is_put(store: Store) -> None:
    assert store.read(lambda connection: choices.get(connection, "seed")) is None
    assert await store.write(lambda connection: choices.keep(connection, "seed", "one")) == "one"
    assert await store.write(lambda connection: choices.keep(connection, "seed", "two")) == "one"
    await store.write(lambda connection: choices.put(connection, "seed", "three"))
    assert store.read(lambda connection: choices.get(connection, "seed")) == "three"


async def test_all_of_it_survives_a_restart(data_dir: Path) -> None:
    first = Store.open(data_dir)
    await put_signal(first, "ETHUSDT")
    await first.write(partial(licenses.put, **LICENSE))
    await first.write(partial(agents.put_card, name="ops", status="idle", action="x", ts=1))
    await first.write(partial(agents.append, ts=1, agent="ops", level="error", message="m"))
    await first.write(partial(trends.put, symbol="BTC", timeframe="1h", **TREND))
    await first.write(partial(choices.put, key="k", text="v"))
    reads = (signals.rows, licenses.row, agents.cards, agents.log, trends.rows, partial(choices.get, key="k"))
    before = [first.read(read) for read in reads]
    first.close()
    second = Store.open(data_dir)
    after = [second.read(read) for read in reads]
    second.close()
    assert after == before
    assert all(after)

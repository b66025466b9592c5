"""A store of every version is brought up to date with all that is in it, and released migrations never change."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import apsw
import orjson
import pytest
from apsw import Connection

from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.exchange.paper.ledger.schema import STEPS
from opentrader.store import Store
from opentrader.store.sqlite import schema
from opentrader.store.sqlite.codec import plain
from opentrader.store.tables import events, history, journal
from opentrader.store.tables.history import ADDED
from opentrader.store.verification import verify_audit
from tests.store.given import CLOSED

RELEASED = (
    "09621763ec06015442298dfe2ec370133a2dfad4763e9eb922ee399ad270d2a3",
    "ccf6d6cb1bd2ce9748e077fefb2f3e14e121a1d6cdca5cb03c223534d741baaf",
    "59619a717ec339494b801d316d4a5f5bcd0337c14b4df2f20c0f3a0835342a3b",
    "f86b0465ec85f272d08c5c0cdd5cb784cc4b1bd2d25b09813efaaebf1334e65f",
    "6060b9599c38612e88580bbdc9b83f3ef33c3ae5aa7c785025116a319ed70f5f",
    "47c2cbd8e455e6ce7d2de089a72289ae11aff602f32dd69abb52384a8a9a5fec",
    "3c7b5ab79cf1753282288c3f23f9bba67b1257c99c45613937cde4d53cb6535f",
    "288285d37547332411e78c440edad604befceb906d0717a9773b6e95b501cf28",
)
RELEASED_LEDGER = (
    "f540c0895bc8a69744226c54428b45e98429a437e3b7f52b2181e46f21d848b3",
    "032f7985fe1b1ee4d665d7514c04bec7c84f321a26e2bcde1b584af2be434c2e",
)
"""SHA-256 of each released step. A new step adds a line; the lines that are here never change."""

ROWS = {
    1: """
        INSERT INTO signals (pair, direction, bot, status, notified, created_at, updated_at, expires_at, body)
        VALUES ('BTCUSDT', 'buy', 'mr_combined', 'pending', 0, 100, 101, 400, '{"price":60000.5}');
        INSERT INTO signal_bars VALUES ('BTCUSDT', 'mr_combined', 1700000000000);
        INSERT INTO licence VALUES (1, 'OT-1', 'me@example.com', 'Me', 'free', 'm-1', 100, NULL, x'0102');
        INSERT INTO agent_cards VALUES ('coo', 'running', 'day trading scan', 100);
        INSERT INTO agent_log VALUES (7, 100, 'coo', 'info', 'running: day trading scan');
        INSERT INTO trends VALUES ('BTC', '1h', 'trend_scan', 'crypto', 'uptrend', '{"uptrend":5}', 100, 101);
        INSERT INTO choices VALUES ('machine_id', 'm-1');
    """,
    2: """
        INSERT INTO events VALUES (1, 1700000000000, 'protected', '{"trade":"T1"}', zeroblob(32), randomblob(32));
        INSERT INTO intents (id, body) VALUES ('T1', '{"symbol":"BTCUSDT","idem_key":"k"}');
        INSERT INTO trades (id, ended_ms, seq, body) VALUES ('T1', NULL, 1, '{"label":"PROTECTED"}');
        INSERT INTO legs (trade_id, number, body) VALUES ('T1', 0, '{"kind":"E","state":"FILLED"}');
        INSERT INTO client_ids VALUES ('MK_1', 'T1');
        INSERT INTO history (id, symbol, direction, size, entry_px, exit_px, pnl, pnl_pct, fees, bot, agent, source,
                             exit_reason, opened_at, closed_at, cancelled_orders, counted, seq)
            VALUES ('T0', 'ETHUSDT', 'buy', '1', '2', '3', '1', '50', '0.1', 'b', 'ops', 'trade', 'tp', 100, 200,
                    '[17,"x"]', 1, 1);
        INSERT INTO executions VALUES (1, 'T1', 19676);
        INSERT INTO resets VALUES (19676, 1);
        INSERT INTO control VALUES (1, 1, 'maintenance', 100, NULL);
        INSERT INTO cooldowns VALUES ('XRPUSDT', 1700000000000);
        INSERT INTO idempotency VALUES ('k', 'POST', '/api/trade', 'f', 'T1', 100, 'done', 200, x'7b7d');
    """,
    3: """INSERT INTO fills VALUES ('T1', '9', 1, '{"qty":"0.10"}');""",
    4: "INSERT INTO signals VALUES ('ETHUSDT', 'buy', 'mr_combined', 'pending', 0, 100, 101, 400, '{}', 401);",
    5: """
        INSERT INTO events VALUES (2, 1700000000000, 'archived', '{}', zeroblob(32), randomblob(32));
        INSERT INTO archives VALUES ('events-1-9-0.jsonl.gz', hex(randomblob(32)), 9, 1700000000000, 2);
    """,
    6: """INSERT INTO commands VALUES ('C1', 'close', 'BTCUSDT', 'ops', 'k', '["T1"]', 170, 'accepted', 'f', 1);""",
    7: """UPDATE history SET fees_known = 1, left_over = '0.01';""",
    8: """INSERT INTO symbol_halts VALUES ('BTCUSDT', 'sold 2 BTC more than it held', 1700000000);""",
}
"""A row for each table that came with a version, and contents of new columns."""

Contents = dict[str, list[Any]]


def old_store(data_dir: Path, version: int) -> Connection:
    data_dir.mkdir()
    connection = apsw.Connection(str(data_dir / "opentrader.db"))
    schema.migrate(connection, schema.migrations()[:version])
    return connection


def contents(connection: Connection, columns: dict[str, str]) -> Contents:
    return {table: list(connection.execute(f"SELECT {names} FROM {table}")) for table, names in columns.items()}


def columns_of(connection: Connection) -> dict[str, str]:
    """Table -> its columns, those included that store nothing."""
    tables = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    return {table: ", ".join(_columns(connection, table)) for table in tables}


def _columns(connection: Connection, table: str) -> list[str]:
    return [name for (name,) in connection.execute("SELECT name FROM pragma_table_xinfo(?)", (table,))]


def schema_of(connection: Connection) -> list[Any]:
    return list(connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY type, name"))


@pytest.mark.parametrize("version", range(1, len(schema.migrations()) + 1))
def test_a_store_of_any_version_keeps_every_row(data_dir: Path, tmp_path: Path, version: int) -> None:
    connection = old_store(data_dir, version)
    for number in range(1, version + 1):
        connection.execute(ROWS[number])
    columns = columns_of(connection)
    before = contents(connection, columns)
    assert all(before.values()), "a table of that version is not tried: give it a row"
    connection.close()
    new, brought = Store.open(tmp_path / "new"), Store.open(data_dir)
    assert brought.read(lambda connection: contents(connection, columns)) == before
    assert brought.read(schema_of) == new.read(schema_of)
    new.close()
    brought.close()


@pytest.mark.parametrize("version", range(2, len(schema.migrations()) + 1))
def test_a_trade_of_any_version_is_read_and_proved(
    data_dir: Path, entering: Callable[..., Trade], version: int
) -> None:
    connection, trade = old_store(data_dir, version), entering("T1")
    journal.save(connection, trade, "accepted", 1_700_000_000_000)
    connection.close()
    store = Store.open(data_dir)
    assert store.read(lambda connection: journal.load(connection, 0)) == [trade]
    store.close()
    report = verify_audit(data_dir)
    assert report is not None
    assert (report.events, report.faults) == (1, ())


@pytest.mark.parametrize("version", [2, 3])
def test_the_key_of_a_running_request_leads_to_its_newest_intent(data_dir: Path, version: int) -> None:
    """What an older version looked for among the intents."""
    connection = old_store(data_dir, version)
    connection.execute("""
        INSERT INTO intents (id, body) VALUES ('T1', '{"idem_key":"k"}'), ('T2', '{"idem_key":"k"}'), ('T3', '{}');
        INSERT INTO idempotency VALUES ('k', 'POST', '/api/trade', 'f', '', 100, 'running', NULL, NULL),
            ('none', 'POST', '/api/close', 'f', '', 100, 'running', NULL, NULL);
    """)
    connection.close()
    store = Store.open(data_dir)
    bound = store.read(lambda connection: dict(connection.execute("SELECT key, intent_id FROM idempotency")))
    store.close()
    assert bound == {"k": "T2", "none": ""}


@pytest.mark.parametrize("version", range(2, len(schema.migrations()) + 1))
def test_a_row_of_any_version_is_read_and_proved_before_and_after(data_dir: Path, version: int) -> None:
    connection = old_store(data_dir, version)
    told = {"closed": {name: value for name, value in plain(CLOSED).items() if version >= 7 or name not in ADDED}}
    columns = [name for name in _columns(connection, "history") if name != "seq"]
    values = [
        orjson.dumps(value).decode() if isinstance(value, list) else value for value in map(told["closed"].get, columns)
    ]
    seq = events.append(connection, 1_700_000_000_000, "trade.imported", told)
    marks = ", ".join("?" * (len(columns) + 1))
    connection.execute(f"INSERT INTO history ({', '.join(columns)}, seq) VALUES ({marks})", (*values, seq))
    connection.close()
    assert proved(data_dir) == ()
    store = Store.open(data_dir)
    assert store.read(lambda connection: history.page(connection, 1, 0)) == [CLOSED]
    store.close()
    assert proved(data_dir) == ()


def proved(data_dir: Path) -> tuple[str, ...]:
    report = verify_audit(data_dir)
    assert report is not None
    return report.faults


def hashes(steps: list[str]) -> tuple[str, ...]:
    return tuple(hashlib.sha256(step.encode()).hexdigest() for step in steps)


def test_released_migrations_are_as_they_were() -> None:
    assert hashes(schema.migrations())[: len(RELEASED)] == RELEASED
    assert hashes(list(STEPS))[: len(RELEASED_LEDGER)] == RELEASED_LEDGER

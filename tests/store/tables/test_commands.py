"""A command is stored with its event and bound to its key: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import apsw
import pytest

from opentrader.domain.trading.ledger import IDEMPOTENCY_SECONDS, Command, KeyTaken, Reservation
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.store import Store
from opentrader.store.tables import commands, events
from opentrader.store.tables.commands import CommandTable
from opentrader.store.tables.idempotency import IdempotencyTable
from opentrader.store.tables.journal import JournalTable
from opentrader.store.verification import verify_audit

AT = 1_700_000_000
CLOSE = Command("C1", "close", "BTCUSDT", "ops", "key-1", ("T1", "T2"), AT * 1000)
REQUEST = Reservation("key-1", "POST", "/api/close", "f-1", AT)


async def journaled(store: Store, *told: Command) -> None:
    table = CommandTable(store)
    await JournalTable(store).commit([table.journaling(command) for command in told])


async def test_what_was_decided_is_read_as_it_was_stored(store: Store) -> None:
    refused = replace(CLOSE, id="C2", idem_key="", trades=(), outcome="position_not_found")
    await journaled(store, CLOSE, refused)
    table = CommandTable(store)
    assert [table.command(id_) for id_ in ("C1", "C2", "T1")] == [CLOSE, refused, None]


async def test_its_key_leads_to_it_and_it_keeps_the_fingerprint(store: Store) -> None:
    keys = IdempotencyTable(store)
    await keys.reserve(REQUEST)
    assert await keys.begun("key-1") == ""
    await journaled(store, CLOSE)
    assert await keys.begun("key-1") == "C1"
    [event] = store.read(lambda connection: list(events.since(connection, 0)))
    assert (event.type, event.body["fingerprint"], event.body["command"]["trades"]) == ("command", "f-1", ["T1", "T2"])


async def test_a_key_is_bound_once_and_a_second_command_leaves_nothing(store: Store) -> None:
    """The attempt that seemed lost was only slow: it is the one that counts."""
    await IdempotencyTable(store).reserve(REQUEST)
    await journaled(store, CLOSE)
    with pytest.raises(KeyTaken) as raised:
        await journaled(store, replace(CLOSE, id="C2"))
    assert raised.value.found.reservation.intent_id == "C1"
    assert CommandTable(store).command("C2") is None


async def test_only_closealls_since_an_instant_are_listed(store: Store) -> None:
    every = [replace(CLOSE, id=f"C{at}", kind="closeall", symbol="", idem_key="", at_ms=at) for at in (1, 2, 3)]
    every[1] = replace(every[1], kind="closeall_pending")
    await journaled(store, replace(CLOSE, at_ms=3), *reversed([replace(one, id=f"A{one.at_ms}") for one in every]))
    assert [command.id for command in CommandTable(store).closealls(2)] == ["A2", "A3"]


async def test_its_key_is_kept_while_one_of_its_trades_is_open(store: Store, entering: Callable[..., Trade]) -> None:
    keys, journal, later = IdempotencyTable(store), JournalTable(store), AT + 10 * IDEMPOTENCY_SECONDS
    await keys.reserve(REQUEST)
    for id_ in ("T1", "T2"):
        await journal.save(entering(id_), "sent", 1)
    await journaled(store, CLOSE)
    await journal.finish(entering("T1"), None, "flat", 2)
    assert await keys.expire(later) == 0
    await journal.finish(entering("T2"), None, "flat", 3)
    assert await keys.expire(later) == 1


@pytest.mark.parametrize(
    "change", ["trades = '[\"T9\"]'", "fingerprint = 'other'", "outcome = 'position_not_found'", "idem_key = ''"]
)
async def test_a_command_that_was_changed_is_found(store: Store, data_dir: Path, change: str) -> None:
    await IdempotencyTable(store).reserve(REQUEST)
    await journaled(store, CLOSE)
    store.close()
    whole = verify_audit(data_dir)
    assert whole is not None
    assert whole.faults == ()
    connection = apsw.Connection(str(data_dir / "opentrader.db"))
    connection.execute(f"UPDATE commands SET {change}")
    connection.close()
    report = verify_audit(data_dir)
    assert report is not None
    assert report.faults == ("the stored rows of C1 do not match its events",)


async def test_a_command_without_its_event_is_no_command(store: Store) -> None:
    def broken(connection: apsw.Connection) -> None:
        commands.journal(connection, CLOSE)
        raise KeyTaken(None)  # type: ignore[arg-type]  # any error of the same commit

    with pytest.raises(KeyTaken):
        await store.write(partial(broken))
    assert store.read(lambda connection: (commands.command(connection, "C1"), events.head(connection).seq)) == (None, 0)

"""The ledger of the paper exchange, `paper.db`: each request is one transaction, durable before it is answered."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from contextlib import ExitStack, closing
from dataclasses import fields
from decimal import Decimal
from functools import partial
from operator import attrgetter
from pathlib import Path
from typing import Any, TypeVar

from apsw import Connection

from opentrader.exchange.paper.ledger.schema import STEPS
from opentrader.exchange.paper.matching.account import Account
from opentrader.exchange.paper.matching.orders import PaperFill, PaperList, PaperOrder
from opentrader.store.sqlite import wal
from opentrader.store.sqlite.connection import make_writer, open_untouched, storage_errors
from opentrader.store.sqlite.database import Reads, Writes
from opentrader.store.sqlite.folder import make_private
from opentrader.store.sqlite.pace import CommitPace
from opentrader.store.sqlite.readers import Readers
from opentrader.store.sqlite.reserve import Reserve
from opentrader.store.sqlite.schema import migrate, refuse_unusable
from opentrader.store.sqlite.writer import OnFailed, Writer, ignore_failure

DATABASE = "paper.db"
T = TypeVar("T")
Row = TypeVar("Row", PaperOrder, PaperList, PaperFill)


class Ledger:
    """One writing connection on its own thread, and reading connections, under the store's SQLite policy."""

    def __init__(self, writer: Writes, readers: Reads) -> None:
        self._writer, self._readers = writer, readers

    @classmethod
    def open(cls, folder: Path, on_failed: OnFailed = ignore_failure) -> Ledger:
        """Open the ledger of an existing folder, or create an empty one (mode 0600). Blocks briefly.

        Raises `ConfigError` for a file that is foreign, damaged or newer than the program, `StorageError` when the
        disk fails. No other process may use the folder.
        """
        with ExitStack() as undo, storage_errors():
            path = make_private(folder / DATABASE)
            connection = undo.enter_context(closing(open_untouched(path)))
            refuse_unusable(connection, len(STEPS))
            make_writer(connection)
            migrate(connection, STEPS)
            wal.grow(connection)
            undo.pop_all()
        return cls(Writer(connection, on_failed, Reserve(folder), CommitPace()), Readers(path))

    async def write(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` in a transaction; returns when the commit is durable. If `fn` raises, nothing is written.

        On a full disk it may use the reserve: the daemon asks for nothing but exits then.
        """
        return await self._writer.write(fn, vital=True)

    def read(self, fn: Callable[[Connection], T]) -> T:
        """Run `fn` on one consistent state of the ledger, on the calling thread."""
        with self._readers.lend() as connection:
            return fn(connection)

    def close(self) -> None:
        """Block until all writes are durable. Idempotent."""
        self._readers.close()
        self._writer.close()


# --- rows as values --------------------------------------------------------------------------------------------

_COLUMNS = {kind: ", ".join(field.name for field in fields(kind)) for kind in (PaperOrder, PaperList, PaperFill)}
_VALUES = {kind: attrgetter(*(field.name for field in fields(kind))) for kind in _COLUMNS}
_TABLES = {PaperOrder: "orders", PaperList: "lists", PaperFill: "trades"}
_DECIMALS = {"qty", "px", "stop_px", "cum", "quote_cum", "fee", "rate"}
_DECIMAL = {
    kind: [position for position, field in enumerate(fields(kind)) if field.name in _DECIMALS] for kind in _COLUMNS
}


def select(connection: Connection, kind: type[Row], where: str, *values: object) -> list[Row]:
    """Rows as values, oldest first. `where` is SQL from this package, never from outside.

    Ask for open orders as a list of ids: to sort them by id, SQLite would else read all orders ever made.
    """
    sql = f"SELECT {_COLUMNS[kind]} FROM {_TABLES[kind]} WHERE {where} ORDER BY id"  # noqa: S608 - no outside text
    return [kind(*_decoded(row, _DECIMAL[kind])) for row in connection.execute(sql, tuple(values))]


def _decoded(row: Iterable[Any], decimals: list[int]) -> list[Any]:
    values = list(row)
    for position in decimals:
        if values[position] is not None:
            values[position] = Decimal(values[position])
    return values


def _put(connection: Connection, one: PaperOrder | PaperList | PaperFill) -> None:
    values = tuple(str(value) if isinstance(value, Decimal) else value for value in _VALUES[type(one)](one))
    marks = ", ".join("?" * len(values))
    upsert = f"INSERT OR REPLACE INTO {_TABLES[type(one)]} VALUES ({marks})"  # noqa: S608 - no outside text
    connection.execute(upsert, values)


# --- the account -----------------------------------------------------------------------------------------------


def totals(connection: Connection) -> dict[str, Decimal]:
    rows = connection.execute("SELECT asset, amount FROM totals ORDER BY asset")
    return {asset: Decimal(amount) for asset, amount in rows}


_OPEN = "SELECT id FROM orders WHERE status = 'OPEN'"
_EXECUTING = "SELECT list_id FROM orders WHERE status = 'OPEN' AND list_id <> 0"
_LEGS = [f"SELECT {leg} FROM lists WHERE id IN ({_EXECUTING})" for leg in ("stop_id", "target_id")]  # noqa: S608 - no outside text
_OPEN_OR_LISTED = " UNION ALL ".join([_OPEN, *_LEGS])


def load(connection: Connection) -> Account:
    """Load what a request may need: totals, open orders and lists, and the last ids."""
    lists = select(connection, PaperList, f"id IN ({_EXECUTING})")
    open_orders = select(connection, PaperOrder, f"id IN ({_OPEN_OR_LISTED})")
    last = partial(_last_id, connection)
    return Account(
        totals(connection),
        open_orders,
        lists,
        last_order=last("orders"),
        last_list=last("lists"),
        last_trade=last("trades"),
    )


def save(connection: Connection, account: Account) -> None:
    """Store what a request changed."""
    for order in account.changed_orders.values():
        _put(connection, order)
    for made in account.new_lists:
        _put(connection, made)
    for trade in account.new_trades:
        _put(connection, trade)
    if account.new_trades:
        _put_totals(connection, account.totals)


def deposit(connection: Connection, asset: str, amount: Decimal, at: int) -> None:
    """Record a deposit, or a withdrawal when `amount` is negative."""
    connection.execute("INSERT INTO transfers (asset, amount, at) VALUES (?, ?, ?)", (asset, str(amount), at))
    _put_totals(connection, {asset: totals(connection).get(asset, Decimal(0)) + amount})


def transfers(connection: Connection) -> list[tuple[str, Decimal, int]]:
    rows = connection.execute("SELECT asset, amount, at FROM transfers ORDER BY id")
    return [(asset, Decimal(amount), at) for asset, amount, at in rows]


def _put_totals(connection: Connection, amounts: dict[str, Decimal]) -> None:
    rows = [(asset, str(amount)) for asset, amount in amounts.items()]
    connection.executemany("INSERT OR REPLACE INTO totals VALUES (?, ?)", rows)


def _last_id(connection: Connection, table: str) -> int:
    return int(connection.execute(f"SELECT ifnull(max(id), 0) FROM {table}").get)  # noqa: S608 - no outside text


# --- the market ------------------------------------------------------------------------------------------------


def looked_at(connection: Connection) -> int:
    """The instant to which the market has advanced; 0 before the first order."""
    return int(connection.execute("SELECT at FROM looked").get or 0)


def traded(connection: Connection) -> dict[str, str]:
    """The symbols with open orders, each with its quote currency."""
    return dict(connection.execute("SELECT DISTINCT symbol, quote FROM orders WHERE status = 'OPEN' ORDER BY symbol"))


def look(connection: Connection, at: int) -> None:
    connection.execute("INSERT OR REPLACE INTO looked VALUES (1, ?)", (at,))


def grids(connection: Connection) -> dict[str, tuple[Decimal, Decimal]]:
    """Tick and step of every symbol requested so far."""
    rows = connection.execute("SELECT symbol, tick, step FROM rules")
    return {symbol: (Decimal(tick), Decimal(step)) for symbol, tick, step in rows}


def keep_grid(connection: Connection, symbol: str, tick: Decimal, step: Decimal) -> None:
    connection.execute("INSERT OR IGNORE INTO rules VALUES (?, ?, ?)", (symbol, str(tick), str(step)))

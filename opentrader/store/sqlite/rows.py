"""Tables whose columns are the fields of a dataclass: a new field is one edit there and one migration.

A bool is stored as 0 or 1. Whatever SQLite has no type for (a mapping, a tuple, a dataclass) is JSON text. Everything
else is stored as the codec writes it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import fields
from decimal import Decimal
from typing import Any, ClassVar, Generic, Protocol, TypeVar, get_type_hints

import orjson
from apsw import Connection

from opentrader.store.sqlite.codec import is_scalar, parser, plain


class Dataclass(Protocol):
    __dataclass_fields__: ClassVar[dict[str, Any]]


T = TypeVar("T", bound=Dataclass)

_NO_NAMES: Mapping[str, str] = {}


class Rows(Generic[T]):
    """The rows of one table.

    `beside`: columns that are not fields. `renamed`: field -> column, where they differ. `lacking`: fields that a store
    of an earlier version has no column for; they get their default.
    """

    def __init__(
        self,
        table: str,
        kind: type[T],
        *,
        beside: tuple[str, ...] = (),
        renamed: Mapping[str, str] = _NO_NAMES,
        lacking: tuple[str, ...] = (),
    ) -> None:
        hints = get_type_hints(kind)
        self._kind = kind
        names_of = (field.name for field in fields(kind) if field.name not in lacking)
        self._columns = {name: renamed.get(name, name) for name in names_of}
        self._readers = {field: _reader(hints[field]) for field in self._columns}
        self.table = table
        self.columns = (*self._columns.values(), *beside)
        names = ", ".join(self.columns)
        self._into = f"INTO {table} ({names}) VALUES ({', '.join(f':{name}' for name in self.columns)})"
        self._select = f"SELECT {names} FROM {table}"  # noqa: S608 - names of fields and columns, never input

    def insert(self, connection: Connection, value: T, **beside: object) -> None:
        """Add a row. Raises `apsw.ConstraintError` when its primary key is taken."""
        connection.execute(f"INSERT {self._into}", self._stored(value) | beside)

    def put(self, connection: Connection, value: T, **beside: object) -> None:
        """Add a row, or replace the row that has its primary key."""
        connection.execute(f"INSERT OR REPLACE {self._into}", self._stored(value) | beside)

    def select(self, connection: Connection, clauses: str = "", *bindings: object) -> list[T]:
        """The values that `clauses` (WHERE, ORDER BY, LIMIT) choose."""
        return [value for value, _ in self.select_beside(connection, clauses, *bindings)]

    def select_beside(
        self, connection: Connection, clauses: str = "", *bindings: object
    ) -> Iterator[tuple[T, dict[str, Any]]]:
        """The same values, each with its columns `beside`, by name. Exhaust it before you give the connection back."""
        for row in connection.execute(f"{self._select} {clauses}", bindings):
            stored = dict(zip(self.columns, row, strict=True))
            values = {field: self._readers[field](stored.pop(column)) for field, column in self._columns.items()}
            yield self._kind(**values), stored

    def _stored(self, value: T) -> dict[str, object]:
        return {self._columns[field]: _stored(content) for field, content in plain(value).items()}


def _stored(content: object) -> object:
    return orjson.dumps(content).decode() if isinstance(content, dict | list) else content


def _reader(kind: Any) -> Callable[[Any], Any]:
    """The function that reads a column whose field has this type."""
    parse = parser(kind)
    if kind is bool:
        return bool
    return parse if _is_column(kind) else lambda text: parse(orjson.loads(text))


def _is_column(kind: Any) -> bool:
    return kind in (Decimal, Decimal | None) or is_scalar(kind)

"""Checks of the store file (ours, intact, not too new) and its migrations."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from importlib import resources

import apsw
from apsw import Connection

from opentrader.errors import ConfigError
from opentrader.store.sqlite.connection import APPLICATION_ID

HISTORY = "history"
LATER = (HISTORY, "events")
"""What an opening does not check, because it grows for ever. The system checks the history before its actors start,
which read today's rows for the limits; no decision depends on the events, which `upkeep` checks while it runs."""

_ADVICE = (
    "Copy the data folder; then replace the file with a backup, or move the file and its -wal and -shm away to start"
    " with an empty store."
)


def migrations() -> list[str]:
    """The numbered SQL files in order; the n-th migrates a store from version n - 1 to n."""
    files = (resources.files(__package__) / "migrations").iterdir()
    scripts = {file.name: file.read_text() for file in files if file.name.endswith(".sql")}
    return [scripts[name] for name in sorted(scripts)]


def refuse_unusable(connection: Connection, newest: int) -> None:
    """Raise `ConfigError` for a file that is foreign, damaged or newer than `newest`. Changes nothing.

    `LATER` is left out of a store that needs no migration: its check takes more than a second for a million events.
    """
    try:
        _refuse_foreign(connection)
        _refuse_newer(connection, newest)
        finding = damage_of(connection, _at_once(connection)) if version(connection) == newest else damage(connection)
    except apsw.NotADBError:
        raise _foreign(connection) from None
    except apsw.CorruptError as error:
        finding = str(error)
    if finding is not None:
        raise _damaged(connection, finding, "Nothing was changed")


def refuse_damaged_history(connection: Connection) -> None:
    """Raise `ConfigError` where the history is damaged: rows that are lost would free the limits of the day."""
    finding = damage_of(connection, [HISTORY])
    if finding is not None:
        raise _damaged(connection, finding, "Nothing was traded")


def damage(connection: Connection) -> str | None:
    """What is damaged in the file, in SQLite's words; None for nothing."""
    return _finding(connection, ["PRAGMA quick_check(1)"])


def damage_of(connection: Connection, tables: Iterable[str]) -> str | None:
    """What is damaged in these tables; None for nothing."""
    return _finding(connection, [f"PRAGMA quick_check({name})" for name in tables])


def version(connection: Connection) -> int:
    """The number of migrations applied to the file; 0 for an empty file."""
    return int(connection.pragma("user_version"))


def outdated(connection: Connection, steps: Sequence[str]) -> bool:
    """Whether the file is not empty and some migrations are not applied."""
    return 0 < version(connection) < len(steps)


def migrate(connection: Connection, steps: Sequence[str]) -> None:
    """Apply the missing `steps`, each in its own transaction."""
    seen = version(connection)
    for number, sql in enumerate(steps[seen:], start=seen + 1):
        with connection:
            for _ in connection.execute(sql):  # rows must be read for the next statement to run
                pass
            connection.pragma("application_id", APPLICATION_ID)
            connection.pragma("user_version", number)


def _at_once(connection: Connection) -> list[str]:
    names = connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")
    return [str(name) for (name,) in names if name not in LATER]


def _finding(connection: Connection, checks: Iterable[str]) -> str | None:
    findings = (str(finding) for check in checks for (finding,) in connection.execute(check))
    return next((finding for finding in findings if finding != "ok"), None)


def _damaged(connection: Connection, finding: str, so_far: str) -> ConfigError:
    return ConfigError(f"the store {connection.filename} is damaged: {finding}", hint=f"{so_far}. {_ADVICE}")


def _refuse_foreign(connection: Connection) -> None:
    owner = connection.pragma("application_id")
    empty = not connection.execute("SELECT count(*) FROM sqlite_schema").get
    if owner != APPLICATION_ID and not (owner == 0 and empty):
        raise _foreign(connection)


def _foreign(connection: Connection) -> ConfigError:
    return ConfigError(
        f"{connection.filename} is not a store of opentrader",
        hint="Nothing was changed. Move that file away, or choose another folder with --data-dir.",
    )


def _refuse_newer(connection: Connection, newest: int) -> None:
    seen = version(connection)
    if seen > newest:
        raise ConfigError(
            f"the store {connection.filename} has schema version {seen}; this program supports versions up to {newest}",
            hint="Nothing was changed. Install the version of opentrader that wrote it, or a later one.",
        )

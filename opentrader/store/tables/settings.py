"""What a data folder keeps to itself: the shift and the pace of its market, its machine id, its secret, and trades
that were put in by hand."""

from __future__ import annotations

from apsw import Connection


def get(connection: Connection, key: str) -> str | None:
    """The text under `key`, None when nothing was chosen yet."""
    for (text,) in connection.execute("SELECT text FROM choices WHERE key = ?", (key,)):
        return str(text)
    return None


def put(connection: Connection, key: str, text: str) -> None:
    """Choose, whatever was chosen before."""
    connection.execute("INSERT OR REPLACE INTO choices (key, text) VALUES (?, ?)", (key, text))


def drop(connection: Connection, key: str) -> None:
    """Choose nothing any more."""
    connection.execute("DELETE FROM choices WHERE key = ?", (key,))


def under(connection: Connection, prefix: str) -> dict[str, str]:
    """The texts whose keys begin with the prefix, by the rest of their keys."""
    rows = connection.execute("SELECT key, text FROM choices WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))
    return {key.removeprefix(prefix): text for key, text in rows}


def keep(connection: Connection, key: str, text: str) -> str:
    """Choose unless a choice was made before; returns the one that stands."""
    connection.execute("INSERT OR IGNORE INTO choices (key, text) VALUES (?, ?)", (key, text))
    (kept,) = connection.execute("SELECT text FROM choices WHERE key = ?", (key,))
    return str(kept[0])

"""What a data folder keeps to itself: the shift and the pace of its market, its machine id, its secret."""

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


def keep(connection: Connection, key: str, text: str) -> str:
    """Choose unless a choice was made before; returns the one that stands."""
    connection.execute("INSERT OR IGNORE INTO choices (key, text) VALUES (?, ?)", (key, text))
    (kept,) = connection.execute("SELECT text FROM choices WHERE key = ?", (key,))
    return str(kept[0])

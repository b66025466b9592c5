"""Values of this data folder, key to text: market shift and pace, machine id, secret, trades restored by hand."""

from __future__ import annotations

from apsw import Connection


def get(connection: Connection, key: str) -> str | None:
    """The text under `key`, None if it was never set."""
    for (text,) in connection.execute("SELECT text FROM choices WHERE key = ?", (key,)):
        return str(text)
    return None


def put(connection: Connection, key: str, text: str) -> None:
    """Set the key, whatever its earlier text."""
    connection.execute("INSERT OR REPLACE INTO choices (key, text) VALUES (?, ?)", (key, text))


def drop(connection: Connection, key: str) -> None:
    """Delete the key."""
    connection.execute("DELETE FROM choices WHERE key = ?", (key,))


def under(connection: Connection, prefix: str) -> dict[str, str]:
    """The texts of all keys with this prefix, by the rest of the key."""
    rows = connection.execute("SELECT key, text FROM choices WHERE substr(key, 1, ?) = ?", (len(prefix), prefix))
    return {key.removeprefix(prefix): text for key, text in rows}


def keep(connection: Connection, key: str, text: str) -> str:
    """Set the key unless it is set already. Returns the text that is stored now."""
    connection.execute("INSERT OR IGNORE INTO choices (key, text) VALUES (?, ?)", (key, text))
    return str(connection.execute("SELECT text FROM choices WHERE key = ?", (key,)).get)

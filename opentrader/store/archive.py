"""Sealed files in `archive/`: the events of trades that ended over a year ago, which the store does not need anymore.

A file is gzipped JSON, one event a line: `[seq, ts_ms, type, json, prev_hash, hash]`, hashes in hexadecimal. It is on
the disk before its events leave the store, is named after its SHA-256, and never changes.
"""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import logging
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import orjson

from opentrader.domain.timeframes import DAY_MS
from opentrader.errors import StorageError
from opentrader.store.sqlite.connection import storage_errors
from opentrader.store.sqlite.database import Store
from opentrader.store.sqlite.disk import FLOOR_BYTES
from opentrader.store.sqlite.folder import make_private, sync
from opentrader.store.sqlite.reserve import free
from opentrader.store.tables import archives
from opentrader.store.tables.archives import Archive
from opentrader.store.tables.events import StoredEvent

ARCHIVE = "archive"
KEPT_MS = 365 * DAY_MS
LEAST = 5_000
"""Events in a file, at least; fewer stay in the store until a file is worth it. The writer removes so many in 0.1 s."""

logger = logging.getLogger(__name__)


class BrokenSeal(Exception):
    """A file of archived events is missing, or is not the one that was sealed."""


async def archive_events(store: Store, data_dir: Path, now_ms: int) -> Archive | None:
    """Move the events of trades that ended a year before this market time to a file, if there are enough of them.

    Raises `StorageError` when the disk fails, or when the file would take room that trading needs.
    """
    found = await store.read_async(partial(archives.removable, ended_ms=now_ms - KEPT_MS, least=LEAST))
    if found is None:
        return None
    rows, ended_ms = found
    archive = await asyncio.to_thread(write, data_dir, rows, ended_ms)
    await store.write(partial(archives.remove, rows=rows, archive=archive, at_ms=now_ms))
    logger.info("%d events of trades that ended over a year ago are now in %s/%s", len(rows), ARCHIVE, archive.file)
    return archive


def write(data_dir: Path, rows: Sequence[StoredEvent], ended_ms: int) -> Archive:
    """Write a file, and return once it is on the disk. The same events give the same file."""
    lines = (orjson.dumps([*row[:4], row.prev_hash.hex(), row.hash.hex()]) for row in rows)
    content = gzip.compress(b"\n".join(lines) + b"\n", mtime=0)
    seal = hashlib.sha256(content).hexdigest()
    archive = Archive(f"events-{rows[0].seq}-{rows[-1].seq}-{seal[:12]}.jsonl.gz", seal, len(rows), ended_ms)
    if free(data_dir) - len(content) < FLOOR_BYTES:
        raise StorageError("not enough free space for an archive of events", hint=f"Free some space under {data_dir}.")
    with storage_errors():
        _put(data_dir / ARCHIVE, archive.file, content)
    return archive


def read(data_dir: Path, archive: Archive) -> Iterator[StoredEvent]:
    """The events of a file, by seq, read as they are taken. Raises `BrokenSeal`."""
    path = data_dir / ARCHIVE / archive.file
    try:
        with path.open("rb") as file:
            seal = hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise BrokenSeal(f"{ARCHIVE}/{archive.file} cannot be read: {error.strerror}") from error
    if seal != archive.sha256:
        raise BrokenSeal(f"{ARCHIVE}/{archive.file} was changed")
    return _events(path)


def _events(path: Path) -> Iterator[StoredEvent]:
    with gzip.open(path) as lines:
        for line in lines:
            seq, ts_ms, kind, json, prev_hash, seal = orjson.loads(line)
            yield StoredEvent(seq, ts_ms, kind, json, prev_hash=bytes.fromhex(prev_hash), hash=bytes.fromhex(seal))


def _put(folder: Path, name: str, content: bytes) -> None:
    """Rename the file only when it is complete and synced, so that a part is never taken for the whole."""
    folder.mkdir(mode=0o700, exist_ok=True)
    sync(folder.parent)
    part = make_private(folder / f"{name}.part")
    try:
        part.write_bytes(content)
        sync(part)
        part.replace(folder / name)
    finally:
        part.unlink(missing_ok=True)
    sync(folder)

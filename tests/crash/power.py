"""A disk that loses its power: of what was written and not synced, each write is kept, torn or lost, at random.

Loaded into the daemon by a script, below both databases. SIGUSR1 cuts the power a few calls of the disk later.
"""

from __future__ import annotations

import os
import signal
import sys
import time
import traceback
from collections import Counter, defaultdict
from dataclasses import dataclass
from pathlib import Path
from random import Random
from threading import RLock, Thread
from typing import Any

import apsw

SIGNAL = signal.SIGUSR1
SEED = "CRASH_SEED"  # the variable of the environment with the seed of this life
LATEST_CALL = 12  # after the signal
PATIENCE_SECONDS = 1.0  # until the power is cut though the disk is not called
SECTOR = 512  # what a disk writes whole, or not at all

DAEMON = """
import sys
from tests.crash import power
power.begin()
from opentrader.cli import main
sys.exit(main())
"""
"""The daemon on such a disk."""


@dataclass(frozen=True, slots=True)
class Write:
    """A change of a file at an offset, from `old` to `new`; the file was `size` bytes long before."""

    offset: int
    size: int
    old: bytes
    new: bytes

    def undo(self, image: bytearray) -> None:
        image[self.offset :] = self.old + image[self.offset + len(self.new) :]
        del image[self.size :]

    def redo(self, image: bytearray) -> None:
        image.extend(bytes(max(0, self.offset - len(image))))
        image[self.offset : self.offset + len(self.new)] = self.new

    def torn(self, random: Random) -> list[Write]:
        """Some of its sectors."""
        parts = [
            Write(self.offset + start, self.size, b"", self.new[start : start + SECTOR])
            for start in range(0, len(self.new), SECTOR)
        ]
        return [part for part in parts if random.random() < 0.5]


@dataclass(frozen=True, slots=True)
class Shortened:
    """A file was cut down to `size`, and lost `old`."""

    size: int
    old: bytes

    def undo(self, image: bytearray) -> None:
        image[self.size :] = self.old

    def redo(self, image: bytearray) -> None:
        del image[self.size :]


Change = Write | Shortened


def after_cut(content: bytes, changes: list[Change], random: Random, fates: Counter[str]) -> bytes:
    """What is left of a file in which these changes were not synced; counts what became of each."""
    image = bytearray(content)
    for change in reversed(changes):
        change.undo(image)
    for change in changes:
        fate = random.choice(("kept", "torn", "lost"))
        fates[fate] += 1
        if isinstance(change, Write) and fate == "torn":
            for part in change.torn(random):
                part.redo(image)
        elif fate == "kept":
            change.redo(image)
    return bytes(image)


class Disk:
    """What is not synced yet, by file. Any thread."""

    def __init__(self, random: Random) -> None:
        self.lock, self._random = RLock(), random
        self._unsynced: defaultdict[str, list[Change]] = defaultdict(list)
        self._calls_left: int | None = None

    def called(self) -> None:
        """Before each call: the one at which the power goes is not carried out."""
        if self._calls_left is not None:
            if self._calls_left == 0:
                self.cut()
            self._calls_left -= 1

    def changed(self, path: str, change: Change) -> None:
        self._unsynced[path].append(change)

    def synced(self, path: str) -> None:
        self._unsynced.pop(path, None)

    def cut_soon(self) -> None:
        with self.lock:
            self._calls_left = self._random.randint(0, LATEST_CALL)
        time.sleep(PATIENCE_SECONDS)
        with self.lock:
            self.cut()

    def cut(self) -> None:
        """Ends the process; the caller holds the lock, so nothing is written any more."""
        try:
            fates = self._lose()
            sys.stderr.write(f"power cut: {fates['kept']} kept, {fates['torn']} torn, {fates['lost']} lost\n")
        except OSError:
            traceback.print_exc()
        sys.stderr.flush()
        os.kill(os.getpid(), signal.SIGKILL)

    def _lose(self) -> Counter[str]:
        fates: Counter[str] = Counter()
        for path, changes in self._unsynced.items():
            left = after_cut(Path(path).read_bytes(), changes, self._random, fates)
            with Path(path).open("r+b") as disk:
                disk.write(left)
                disk.truncate()
            Path(path.removesuffix("-wal") + "-shm").unlink(missing_ok=True)  # it is memory
        return fates


def begin() -> None:
    """Put such a disk below every database that this process opens from now on."""
    disk = Disk(Random(os.environ.get(SEED, "")))
    signal.pthread_sigmask(signal.SIG_BLOCK, {SIGNAL})  # of every thread: one alone waits for it
    Thread(target=_wait, args=(disk,), name="power", daemon=True).start()
    os.fsync = _telling(disk, os.fsync)
    _keep(_system(disk))


def _wait(disk: Disk) -> None:
    signal.sigwait({SIGNAL})
    disk.cut_soon()


def _telling(disk: Disk, fsync: Any) -> Any:
    """`os.fsync`, by which the store syncs what it writes past SQLite."""

    def synced(descriptor: int) -> None:
        with disk.lock:
            fsync(descriptor)
            disk.synced(os.path.realpath(f"/proc/self/fd/{descriptor}"))

    return synced


_kept: list[apsw.VFS] = []


def _keep(system: apsw.VFS) -> None:
    """SQLite does not keep it alive."""
    _kept.append(system)


def _system(disk: Disk) -> apsw.VFS:
    class File(apsw.VFSFile):
        def __init__(self, name: Any, flags: list[int]) -> None:
            super().__init__("unix", name, flags)
            self.path = _path(name)

        def xWrite(self, data: bytes, offset: int) -> None:  # noqa: N802 - SQLite's name
            with disk.lock:
                disk.called()
                size = self.xFileSize()
                present = min(len(data), max(0, size - offset))
                old = self.xRead(present, offset) if present else b""
                disk.changed(self.path, Write(offset, size, old, bytes(data)))
                super().xWrite(data, offset)

        def xTruncate(self, size: int) -> None:  # noqa: N802
            with disk.lock:
                disk.called()
                lost = self.xFileSize() - size
                disk.changed(self.path, Shortened(size, self.xRead(lost, size) if lost > 0 else b""))
                super().xTruncate(size)

        def xSync(self, flags: int) -> None:  # noqa: N802
            with disk.lock:
                disk.called()
                super().xSync(flags)
                disk.synced(self.path)

    class System(apsw.VFS):
        def xOpen(self, name: Any, flags: list[int]) -> apsw.VFSFile:  # noqa: N802
            return File(name, flags) if name is not None else apsw.VFSFile("unix", None, flags)  # temporary

        def xDelete(self, name: str, sync: bool) -> None:  # noqa: N802
            with disk.lock:
                super().xDelete(name, sync)
                disk.synced(os.path.realpath(name))

    return System("power", "unix", makedefault=True)


def _path(name: Any) -> str:
    return os.path.realpath(name.filename() if isinstance(name, apsw.URIFilename) else str(name))

"""The data folder: private, on a local disk, and in use by one process at a time."""

from __future__ import annotations

import fcntl
import os
from contextlib import ExitStack
from pathlib import Path
from typing import BinaryIO

from opentrader.errors import ConfigError

DATABASE = "opentrader.db"
LOCK = "opentrader.lock"

# Locks and shared memory do not work between machines on these file systems: a WAL on them gets corrupted.
REMOTE = frozenset({"cifs", "nfs", "nfs4", "smb3", "smbfs"})

_MOUNTS = Path("/proc/self/mountinfo")


def prepare(folder: Path) -> None:
    """Create `folder`, or take an existing one, and make it private to our user (mode 0700).

    Raises `ConfigError` when it cannot be created or made private, or is on a network file system.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        folder.chmod(0o700)
    except OSError as error:
        raise ConfigError(
            f"the data folder {folder} cannot be used: {error.strerror}",
            hint="Give it to the user that runs the daemon, or choose another with --data-dir.",
        ) from error
    mounts = _MOUNTS.read_text() if _MOUNTS.exists() else ""
    refuse_remote(folder, file_system(folder.stat().st_dev, mounts))


def file_system(device: int, mountinfo: str) -> str:
    """The type of the file system with this `st_dev`, from `mountinfo` (see proc(5)); empty if it is not listed."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mountinfo.splitlines():
        mount, _, source = line.partition(" - ")
        if mount.split()[2] == number:
            return source.split()[0]
    return ""


def refuse_remote(folder: Path, kind: str) -> None:
    """Raise `ConfigError` for a `kind` of network file system."""
    if kind in REMOTE:
        raise ConfigError(
            f"the data folder {folder} is on a network file system ({kind})",
            hint="SQLite's write-ahead log needs a local disk: choose another folder with --data-dir.",
        )


def claim(folder: Path) -> BinaryIO:
    """Take the lock of the folder; it is held until the returned file is closed or the process ends.

    The kernel holds the lock (flock), so a crash releases it. The file remains and names its holder (`sign`).
    Raises `ConfigError` when another process, or another store of this process, holds the lock.
    """
    with ExitStack() as undo:
        file = undo.enter_context(make_private(folder / LOCK).open("r+b", buffering=0))
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise ConfigError(
                f"the data folder {folder} is in use by another opentrader (pid {file.read().decode().strip()})",
                hint="Stop that process, or choose another folder with --data-dir.",
            ) from None
        undo.pop_all()
    return file


def sign(lock: BinaryIO) -> None:
    """Write our pid into the lock, over the one before it: on a full disk there may be no other block for it."""
    lock.seek(0)
    lock.write(b"%d\n" % os.getpid())
    lock.truncate()


def make_private(path: Path) -> Path:
    """Create the file if it does not exist, and make it private to our user (mode 0600)."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    path.chmod(0o600)
    return path


def sync(path: Path) -> None:
    """Return once a file, or the names in a folder, are on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def database(folder: Path) -> Path:
    """The private database file, created empty if it does not exist. The caller holds the lock of the folder.

    SQLite gives its -wal and -shm files the mode of the database file; the mode of existing ones is corrected.
    """
    path = make_private(folder / DATABASE)
    for companion in (path.with_name(f"{DATABASE}-wal"), path.with_name(f"{DATABASE}-shm")):
        if companion.exists():
            companion.chmod(0o600)
    return path

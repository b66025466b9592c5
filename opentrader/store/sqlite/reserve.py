"""The reserve of the data folder: disk space that only what reduces risk, or records it, may use.

While the reserve is there, every write may use the rest of the disk. Once it was given up, what is left of the disk is
for vital writes alone, until there is room for the reserve again. So it is one file: there, or not.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
from pathlib import Path

from opentrader.store.sqlite.folder import make_private

RESERVE_BYTES = 16 << 20  # enough for thousands of commits
RESERVE = "opentrader.reserve"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)

logger = logging.getLogger(__name__)


def free(data_dir: Path) -> int:
    """Bytes that this user may still write."""
    return shutil.disk_usage(data_dir).free


class Reserve:
    """The reserve of one data folder. Any thread; several objects may share a folder."""

    def __init__(self, data_dir: Path) -> None:
        self._data_dir, self._file = data_dir, data_dir / RESERVE

    @property
    def held(self) -> bool:
        return os.path.exists(self._file)  # raises nothing, unlike that of Path: a disk that fails has no reserve

    def prepare(self) -> None:
        """At the start, before anything is opened: make the reserve, or give it up where the disk is full already.

        SQLite reports a full disk as an I/O error while it opens a file, so there is no error to wait for.
        """
        if free(self._data_dir) < RESERVE_BYTES:
            self.release()
        else:
            self.fill()

    def release(self) -> bool:
        """Delete the reserve, so that vital writes can use its space; False when it is gone, or cannot be deleted."""
        try:
            self._file.unlink()
        except FileNotFoundError:
            return False
        except OSError as error:
            logger.error("the reserve for exits could not be released: %s", error)
            return False
        logger.error(
            "the disk under %s is full: the reserve of %d MB is released for exits; everything else is refused until"
            " there is room again",
            self._data_dir,
            RESERVE_BYTES >> 20,
        )
        return True

    def fill(self) -> None:
        """Make the reserve unless it is there, or would take more than half of the room. Raises `OSError`."""
        if self.held or free(self._data_dir) < 2 * RESERVE_BYTES:
            return
        part = make_private(self._file.with_suffix(".part"))
        try:
            _allocate(part)
            part.replace(self._file)  # whole, or not there
        except OSError as error:
            part.unlink(missing_ok=True)
            if error.errno not in NO_ROOM:  # a quota, which `free` does not show
                raise
        else:
            logger.info("%d MB under %s are reserved for exits", RESERVE_BYTES >> 20, self._data_dir)


def _allocate(path: Path) -> None:
    descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
    try:
        os.posix_fallocate(descriptor, 0, RESERVE_BYTES)
    finally:
        os.close(descriptor)

"""What the disk itself takes for the least durable write."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

PAGE = bytes(4096)


@contextmanager
def overwriting(folder: Path) -> Iterator[Callable[[], None]]:
    """A call that overwrites 4 KiB of a file that has its blocks already, and syncs the data."""
    descriptor = os.open(folder / "page", os.O_RDWR | os.O_CREAT, 0o600)

    def overwrite() -> None:
        os.pwrite(descriptor, PAGE, 0)
        os.fdatasync(descriptor)

    try:
        overwrite()
        os.fsync(descriptor)
        yield overwrite
    finally:
        os.close(descriptor)

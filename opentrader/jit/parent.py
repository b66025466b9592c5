"""Ends a child process with its parent, however the parent ends."""

from __future__ import annotations

import os
import select
from threading import Thread

STDIN = 0


def end_with_parent() -> None:
    """Exit with status 1 as soon as the other end of standard input is closed, whatever this process is doing then."""
    Thread(target=_watch, daemon=True).start()


def _watch() -> None:
    # Waits without reading: a thread that blocks in `sys.stdin` holds its lock, and aborts an orderly exit.
    poll = select.poll()
    poll.register(STDIN, 0)  # POLLHUP is always reported
    poll.poll()
    os._exit(1)

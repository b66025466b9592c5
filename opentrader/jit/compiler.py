"""Fills the kernel cache in a child process: `python -m opentrader.jit.compiler`.

The child ends when its standard input does, so it never outlives the daemon. Nothing is lost by that: numba writes each
compiled kernel to the cache at once.
"""

from __future__ import annotations

import os
import sys
from threading import Thread

from opentrader.jit import kernels


def main() -> None:
    """Compile every kernel; exit status 1 if standard input ends before that."""
    Thread(target=_end_with_parent, daemon=True).start()
    kernels.fill_cache(lambda name: None)


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(1)


if __name__ == "__main__":
    main()

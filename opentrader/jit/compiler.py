"""Fills the kernel cache in a child process: `python -m opentrader.jit.compiler`.

The child ends with the daemon. Nothing is lost by that: numba writes each compiled kernel to the cache at once.
"""

from __future__ import annotations

from opentrader.jit import kernels
from opentrader.jit.parent import end_with_parent


def main() -> None:
    """Compile every kernel."""
    end_with_parent()
    kernels.fill_cache(lambda name: None)


if __name__ == "__main__":
    main()

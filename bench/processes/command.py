"""Commands that run to their end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from pathlib import Path

from bench.processes.child import ROOT


class CommandFailed(Exception):
    """A command ended with another status than 0."""


def seconds(*arguments: str, **environment: str) -> float:
    """How long Python takes with these arguments, from the start of the process to its end."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPENTRADER_")}
    begin = time.perf_counter()
    done = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=inherited | environment, capture_output=True, check=False, text=True
    )
    took = time.perf_counter() - begin
    if done.returncode:
        raise CommandFailed(f"{' '.join(arguments)}: {(done.stderr or done.stdout).strip()[-300:]}")
    return took


def compile_kernels(cache: Path | None = None) -> None:
    """Fill numba's cache, by default the one beside the package; at once when it is full already."""
    seconds("-m", "opentrader", "warmup", **({} if cache is None else {"NUMBA_CACHE_DIR": str(cache)}))


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.socket() as asked:
        asked.bind(("127.0.0.1", 0))
        return int(asked.getsockname()[1])

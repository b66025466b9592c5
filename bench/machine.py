"""The machine and the versions that a table was measured with."""

from __future__ import annotations

import os
import platform
import subprocess
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

PACKAGES = ("aiohttp", "apsw", "numba", "numpy", "orjson", "pykka", "uvloop", "TA-Lib", "talipp")


def described() -> dict[str, Any]:
    """What has to be known to read a figure; the load is that of the minute before."""
    return {
        "cpu": _cpu(),
        "cores": os.cpu_count() or 1,
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
        "packages": {name: found for name in PACKAGES if (found := _version(name))},
        "load": load(),
    }


def load() -> float:
    """How many programs wanted a core, on average over the last minute."""
    return round(os.getloadavg()[0], 1)


def stamped() -> dict[str, Any]:
    """When, and at which commit."""
    return {"at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "commit": _commit()}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _commit() -> str:
    try:
        described = subprocess.run(
            ["git", "describe", "--always", "--dirty"], capture_output=True, check=True, text=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return described.stdout.strip()

"""A full disk refuses no exit, stops no start, and is forgotten once there is room: a real one, of 64 MB."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

MOUNT = 'mount -t tmpfs -o size=64m none "$0" && exec "$@"'  # in a namespace of its own: gone with the process


def on_small_disk(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    alone = ["unshare", "--user", "--map-root-user", "--mount", "sh", "-c", MOUNT, str(folder), *command]
    return subprocess.run(alone, cwd=REPOSITORY, env={**os.environ}, capture_output=True, text=True, check=False)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    folder = tmp_path / "disk"
    folder.mkdir()
    try:
        tried = on_small_disk(folder, "true")
    except FileNotFoundError:
        pytest.skip("needs unshare(1)")
    if tried.returncode:
        pytest.skip(f"may not mount a disk here: {tried.stderr.strip()}")
    return folder


def test_the_daemon_sells_on_a_full_disk_and_starts_on_one(disk: Path) -> None:
    ran = on_small_disk(disk, sys.executable, "-m", "tests.store.full_disk", str(disk))
    assert ran.returncode == 0, ran.stderr


FAULTS = {
    "the reserve is never released": "reserve.Reserve.release = lambda reserve: False",
    "a start does not release it": "reserve.Reserve.prepare = reserve.Reserve.fill",
    "it is not made again": "disk.DataDisk.keep_reserve = lambda disk: None",
    "agents may use it": "writer.Write.vital = property(lambda write: True, lambda write, vital: None)",
}


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_it_is_seen_if(disk: Path, fault: str) -> None:
    ran = on_small_disk(disk, sys.executable, "-m", "tests.store.full_disk", str(disk), fault)
    assert ran.returncode == 1
    assert "AssertionError" in ran.stderr, ran.stderr

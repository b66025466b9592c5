"""The limits of memory and processes, by control groups of version 2 or 1, where this machine lets them be made."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

MOUNT = Path("/sys/fs/cgroup")
LIMITS = ({"memory": "memory.limit_in_bytes", "pids": "pids.max"}, {"memory": "memory.max", "pids": "pids.max"})
PEAKS = ("memory.max_usage_in_bytes", "memory.peak")
UNITS = {"k": 2**10, "m": 2**20, "g": 2**30}


def in_bytes(size: str) -> int:
    """A size as compose spells it: 64m, 1g."""
    return int(size[:-1]) * UNITS[size[-1]] if size[-1] in UNITS else int(size)


@dataclass(frozen=True, slots=True)
class Cgroups:
    """The folders that a process has to join, and what is limited by them."""

    folders: tuple[Path, ...]
    limited: frozenset[str]

    @property
    def peak_memory(self) -> int | None:
        """Bytes used at most, cached files included; `None` when nobody counted."""
        found = [folder / name for folder in self.folders for name in PEAKS if (folder / name).exists()]
        return int(found[0].read_text()) if found else None


@contextmanager
def limiting(name: str, wanted: Mapping[str, int], mount: Path = MOUNT) -> Iterator[Cgroups]:
    """Control groups of this name with these limits (`memory` in bytes, `pids`), for as long as the block runs."""
    is_unified = (mount / "cgroup.controllers").exists()
    made, limited = dict[Path, None](), set[str]()
    try:
        for controller, value in wanted.items():
            folder = (mount if is_unified else mount / controller) / name
            try:
                folder.mkdir(exist_ok=True)
                made[folder] = None
                (folder / LIMITS[is_unified][controller]).write_text(str(value))
            except OSError:  # no such controller, or not ours to use
                continue
            limited.add(controller)
        yield Cgroups(tuple(made), frozenset(limited))
    finally:
        for folder in made:
            folder.rmdir()

"""The files of the repository, as git knows them."""

from __future__ import annotations

import subprocess
from functools import cache
from pathlib import Path

import pytest

from tests.paths import REPOSITORY


@cache
def files() -> list[Path]:
    """All files that are tracked or about to be; what git ignores is left out. Skips the test outside a checkout."""
    if not (REPOSITORY / ".git").exists():  # an unpacked sdist, perhaps inside another project's checkout
        pytest.skip("needs a git checkout to know which files belong to the repository")
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=REPOSITORY,
            capture_output=True,
            check=True,
            text=True,
        )
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs git to know which files belong to the repository: {error}")
    return [path for name in listed.stdout.split("\0") if name and (path := REPOSITORY / name).is_file()]


def named(path: Path) -> str:
    """The path of a file as it is written in the repository."""
    return path.relative_to(REPOSITORY).as_posix()

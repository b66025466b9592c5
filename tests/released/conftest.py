"""The code of released commits, and two folders of each that its daemon has left: killed, and stopped in order."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import tarfile
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from tests.paths import REPOSITORY
from tests.released import candles, story
from tests.released.story import Ended, Installation

COMMITS = ("2a0a834", "1d4c5fb")


@pytest.fixture(scope="session", params=COMMITS)
def released_tree(request: pytest.FixtureRequest) -> Iterator[Path]:
    """The package as it was at a commit, without a trace in the repository."""
    archive = _git(request.param, "archive", request.param, "opentrader")
    with TemporaryDirectory() as name:
        with tarfile.open(fileobj=io.BytesIO(archive)) as files:
            files.extractall(name, filter="data")
        tree = Path(name).resolve()
        assert _runs(tree).is_relative_to(tree)
        yield tree


@pytest.fixture(scope="session")
def lived(released_tree: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Installation, story.Answers]:
    root = tmp_path_factory.mktemp("released")
    candles.record(root / "market", int(time.time() * 1000))
    installation = Installation(root / "data", root / "market")
    return installation, story.live(installation, released_tree)


@pytest.fixture(params=[signal.SIGKILL, signal.SIGTERM], ids=lambda how: how.name)
def ended(
    request: pytest.FixtureRequest,
    released_tree: Path,
    lived: tuple[Installation, story.Answers],
    tmp_path: Path,
) -> Ended:
    """A copy of that folder whose released daemon was killed, or has stopped in order."""
    installation, answers = lived
    return story.end(installation.copied(tmp_path / "data"), released_tree, request.param, answers)


def _git(commit: str, *command: str) -> bytes:
    """What git prints about a commit; skips the test where there is no git, or no such commit."""
    try:
        done = subprocess.run(["git", *command], cwd=REPOSITORY, capture_output=True, check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"needs the history of the repository with commit {commit}: {error}")
    return done.stdout


def _runs(tree: Path) -> Path:
    """Where the package is that a daemon of this tree runs."""
    where = [sys.executable, "-c", "import opentrader; print(opentrader.__file__)"]
    environment = {**os.environ, "PYTHONPATH": str(tree)}
    return Path(subprocess.run(where, cwd=tree, env=environment, capture_output=True, check=True, text=True).stdout)

"""What is built from the repository: the wheel that is installed, the sdist that others build and test from."""

from __future__ import annotations

import configparser
import os
import re
import shutil
import subprocess
import sys
import tarfile
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

import opentrader
from tests.paths import REPOSITORY
from tests.repository.checkout import files, named

BUILD = """
import sys
from setuptools import build_meta
print(getattr(build_meta, sys.argv[1])(sys.argv[2]))
"""


def build(what: str, tree: Path, folder: Path) -> Path:
    """Build an `sdist` or a `wheel` from a copy of the sources, as pip does."""
    command = [sys.executable, "-c", BUILD, f"build_{what}", str(folder)]
    built = subprocess.run(command, check=False, cwd=tree, capture_output=True, text=True)
    assert built.returncode == 0, built.stderr
    assert "Deprecat" not in built.stderr, built.stderr
    return folder / built.stdout.splitlines()[-1]


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what git knows: nothing that an earlier build left behind finds its way into this one."""
    copy = tmp_path_factory.mktemp("tree")
    for path in files():
        (target := copy / named(path)).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(path, target)
    return copy


@pytest.fixture(scope="module")
def wheel(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", tree, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tree: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", tree, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="module")
def unpacked(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("unpacked")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder, filter="data")
    return folder / sdist.name.removesuffix(".tar.gz")


def content(wheel: Path, ending: str) -> str:
    with ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(ending))
        return archive.read(name).decode()


@pytest.fixture(scope="module")
def metadata(wheel: Path) -> Message:
    return Parser().parsestr(content(wheel, ".dist-info/METADATA"))


def test_the_wheel_holds_the_whole_package_and_nothing_else(wheel: Path) -> None:
    with ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == {named(path) for path in files() if named(path).startswith(("app/", "opentrader/"))}


def test_the_version_is_that_of_the_package(metadata: Message) -> None:
    assert metadata["Version"] == opentrader.__version__


def test_the_version_is_written_in_one_place() -> None:
    config = configparser.ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    assert config["metadata"]["version"] == "attr: opentrader.__version__"


def test_the_newest_release_of_the_changelog_is_this_version() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")
    headings = re.findall(r"(?m)^## \[(.+?)\]", changelog)
    assert headings[:2] == ["Unreleased", opentrader.__version__]


def test_the_license_travels_with_the_wheel(wheel: Path, metadata: Message) -> None:
    assert metadata["License-Expression"] == "MIT"
    assert content(wheel, ".dist-info/licenses/LICENSE") == (REPOSITORY / "LICENSE").read_text(encoding="utf-8")


def test_the_command_is_installed_with_the_wheel(wheel: Path) -> None:
    assert "opentrader = opentrader.cli:main" in content(wheel, ".dist-info/entry_points.txt").splitlines()


def test_the_sdist_holds_every_file_of_the_repository(unpacked: Path) -> None:
    packed = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    made = {name for name in packed if name == "PKG-INFO" or name.startswith("opentrader.egg-info/")}
    assert packed - made == {named(path) for path in files()}, "say in MANIFEST.in what belongs to the sdist"


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_what_is_built_from_the_sdist_passes_its_tests(unpacked: Path, tmp_path: Path) -> None:
    """The suite in an unpacked tree, which is no checkout; what needs git or recorded candles is skipped there."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("OPENTRADER_", "PYTEST_"))}
    environment = inherited | {"PYTHONPATH": str(unpacked)}  # its package, not the one that is installed
    # The kernel cache of a new tree is empty: compile once, not in the first test that waits for an answer.
    subprocess.run([sys.executable, "-m", "opentrader", "warmup"], check=True, cwd=unpacked, env=environment)
    suite = [sys.executable, "-m", "pytest", "--quiet", "-m", "not slow", "--basetemp", str(tmp_path / "base")]
    run = subprocess.run(suite, check=False, capture_output=True, cwd=unpacked, env=environment, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    assert re.search(r"(?m)^\d+ passed", run.stdout), run.stdout

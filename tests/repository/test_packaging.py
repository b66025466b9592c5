"""What is built from the repository: the wheel that is installed."""

from __future__ import annotations

import configparser
import re
import shutil
import subprocess
import sys
from email.message import Message
from email.parser import Parser
from pathlib import Path
from zipfile import ZipFile

import pytest

import opentrader
from tests.repository.checkout import REPOSITORY, files, named

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

"""What the package imports is what setup.cfg declares, and what the locks pin."""

from __future__ import annotations

import ast
import configparser
import re
import sys
from collections.abc import Iterable, Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

OURS = {"app", "opentrader"}
LOCKS = [("requirements.lock", ("plot",)), ("requirements-test.lock", ("plot", "test", "bench"))]


def normal(name: str) -> str:
    """The spelling of a distribution's name by which two are compared."""
    return re.sub(r"[-_.]+", "-", name).lower()


def declared(*extras: str) -> set[str]:
    """The distributions that setup.cfg asks for, with these extras."""
    config = configparser.ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    told = [config["options"]["install_requires"], *(config["options.extras_require"][extra] for extra in extras)]
    lines = (line.strip() for text in told for line in text.splitlines())
    return {normal(re.split(r"[^\w.-]", line)[0]) for line in lines if line and not line.startswith("#")}


def imported(path: Path) -> Iterator[str]:
    """Top-level modules that a file imports, wherever in the file."""
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (name.name.split(".")[0] for name in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module.split(".")[0]


def third_party(folders: Iterable[str]) -> set[str]:
    paths = [path for folder in folders for path in (REPOSITORY / folder).rglob("*.py")]
    modules = {module for path in paths for module in imported(path)}
    return modules - sys.stdlib_module_names - OURS


def test_every_import_of_the_package_is_declared() -> None:
    providers = packages_distributions()
    known = declared("plot")
    missing = {
        module: providers.get(module, [])
        for module in third_party(OURS)
        if known.isdisjoint(map(normal, providers.get(module, [])))
    }
    assert missing == {}, "name the distribution in setup.cfg and run `make lock`"


@pytest.mark.parametrize(("lock", "extras"), LOCKS)
def test_the_locks_pin_exactly_what_is_declared(lock: str, extras: tuple[str, ...]) -> None:
    pinned = re.split(r"(?m)^(?=\S)", (REPOSITORY / lock).read_text(encoding="utf-8"))
    direct = {normal(pin.split("==")[0]) for pin in pinned if "opentrader (setup.cfg)" in pin}
    assert direct == declared(*extras), "run `make lock`"

"""The tests mirror the package: every module has a test module of its name, in its room."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.paths import REPOSITORY

TESTS = {path.relative_to(REPOSITORY / "tests") for path in (REPOSITORY / "tests").rglob("test_*.py")}

# Modules without a test module of their own, and why. Both ways: one that has a test leaves the list.
WITHOUT: dict[str, str] = {
    "__main__.py": "calls `opentrader.cli.main`; every test of a real process goes through it",
    "actors/runtime/context.py": "names what an actor is given, and does nothing",
    "actors/trading/desk.py": "what parts are given; each of their tests makes one",
    "app/trend/trend_scan.py": "calls it under the name of the reference: tests/cli/test_commands.py",
    "domain/ports.py": "protocols",
    "domain/trading/lifecycle/scene.py": "what `decide` and `sizing` read; their tests set it",
    "domain/trading/lifecycle/settings.py": "constants of a venue, proved by the exploration",
    "domain/trading/ports.py": "protocols",
    "exchange/calls.py": "a protocol, and the weights of its calls",
    "http/system.py": "a protocol",
}
MOST = 10


def says_something(path: Path) -> bool:
    """Whether a module defines anything: a package's `__init__` that only names what others define does not."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
    return path.name != "__init__.py" or any(isinstance(node, kinds) for node in ast.parse(path.read_bytes()).body)


def modules() -> Iterator[Path]:
    """Below `opentrader` by their path in there; those of `app` by their path in the repository."""
    for top, base in (("opentrader", "opentrader"), ("app", ".")):
        for path in sorted((REPOSITORY / top).rglob("*.py")):
            if says_something(path):
                yield path.relative_to(REPOSITORY / base)


def is_tested(module: Path) -> bool:
    """A package is tested by the name of its folder."""
    name = (module.parent.name or "opentrader") if module.stem == "__init__" else module.stem
    return any(test.name == f"test_{name}.py" and test.is_relative_to(module.parent) for test in TESTS)


def test_every_module_has_a_test_module_of_its_name() -> None:
    assert {module.as_posix() for module in modules() if not is_tested(module)} == WITHOUT.keys()


def test_exceptions_are_few() -> None:
    assert len(WITHOUT) <= MOST

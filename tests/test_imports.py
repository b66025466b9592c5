"""The direction of imports, and what the pure layers may not touch."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib.util import resolve_name
from pathlib import Path

import pytest

PACKAGE = Path(__file__).resolve().parent.parent / "opentrader"
MODULES = sorted(PACKAGE.rglob("*.py"))

# Each layer and the layers below it that it may know. `errors` is known to all.
LAYERS: dict[str, set[str]] = {
    "errors": set(),
    "domain": set(),
    "indicators": {"domain"},
    "actors": {"domain", "indicators"},
    "http": {"domain", "indicators", "actors"},
    # The edge: settings are parsed into the same types that messages and adapters use.
    "config": {"domain", "actors", "feed"},
    "clock": {"domain"},
    "jit": {"indicators"},
    "store": {"domain"},
    "exchange": {"domain", "store"},  # the paper ledger is a SQLite file under the store's policy
    "feed": {"domain"},
    "telegram": {"domain"},
    "news": {"domain"},
}
# The composition root, its parts and what starts it: they know everyone, and no layer knows them.
ROOT = {"__init__", "__main__", "cli", "daemon", "research", "system"}

PURE = {"domain", "indicators", "actors"}
THREADS = ("reply", "mailbox", "actor", "supervision/ticker", "supervision/supervisor")
RUNTIME = {f"actors/runtime/{name}.py" for name in THREADS}
IMPURE = {
    "concurrent",
    "multiprocessing",
    "queue",
    "random",
    "sched",
    "secrets",
    "socket",
    "subprocess",
    "threading",
    "time",
    "uuid",
}
CLOCK = {("datetime", "now"), ("datetime", "utcnow"), ("datetime", "today"), ("date", "today")}


def layer(path: Path) -> str:
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path: Path) -> Iterator[str]:
    """Dotted names of what a file imports, wherever in the file, `TYPE_CHECKING` included."""
    package = ".".join(("opentrader", *path.relative_to(PACKAGE).parts[:-1]))
    for node in ast.walk(ast.parse(path.read_bytes())):
        if isinstance(node, ast.Import):
            yield from (name.name for name in node.names)
        elif isinstance(node, ast.ImportFrom):
            module = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{module}.{name.name}" for name in node.names)


def own_layers(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imported(path) if name.startswith("opentrader.")}


def clock_reads(path: Path) -> list[int]:
    """Lines that ask `datetime` or `date` what time it is."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name | ast.Attribute)
        and (getattr(node.value, "id", getattr(node.value, "attr", "")), node.attr) in CLOCK
    ]


def named(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


@pytest.mark.parametrize("path", MODULES, ids=named)
def test_imports_point_down(path: Path) -> None:
    where = layer(path)
    if where in ROOT:
        return
    assert where in LAYERS, f"{where}: say in LAYERS what this layer may know"
    upward = own_layers(path) - LAYERS[where] - {where, "errors"}
    assert not upward, f"{where} may not know {upward}"


@pytest.mark.parametrize("path", [path for path in MODULES if layer(path) in PURE], ids=named)
def test_the_pure_layers_take_time_chance_and_threads_from_outside(path: Path) -> None:
    assert not clock_reads(path), "the clock is a port"
    if named(path) not in RUNTIME:
        modules = {name.split(".")[0] for name in imported(path)}
        assert not IMPURE & modules, "clock, ids and randomness are ports; threads belong to the runtime"


def test_the_runtime_is_where_it_is_said_to_be() -> None:
    assert {name for name in RUNTIME if not (PACKAGE / name).is_file()} == set()

"""The rooms: who may import whom, what the pure layers may not touch, how much a folder holds, one name one class.

And what an actor may not contain: a coroutine.
"""

from __future__ import annotations

import ast
from collections import Counter, defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path

import pytest

from tests.paths import REPOSITORY

PACKAGE = REPOSITORY / "opentrader"
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


# --- circles, crowds, namesakes --------------------------------------------------------------------------------

FOLDER_FILES = 15  # `__init__` and `__main__` not counted
# Folders that may hold more, and why.
CROWDED: dict[str, str] = {
    "opentrader/domain/trading/lifecycle": "one pure function in parts; its order is the specification's",
    "opentrader/indicators/kernels": "one kernel family a file",
    "tests/indicators/kernels": "as the kernels",
    "tests/domain/trading/lifecycle": "the model of the lifecycle, and its tests",
}
NOT_COUNTED = {"__init__.py", "__main__.py"}


def module_name(path: Path) -> str:
    return ".".join(path.relative_to(REPOSITORY).with_suffix("").parts).removesuffix(".__init__")


def import_graph() -> dict[str, set[str]]:
    """Each module and the modules of the package that it names, wherever in its file, `TYPE_CHECKING` included."""
    names = {module_name(path) for path in MODULES}
    graph = defaultdict(set)
    for path in MODULES:
        for name in imported(path):
            module = name if name in names else name.rpartition(".")[0]
            if module in names:
                graph[module_name(path)].add(module)
    return graph


def test_no_modules_import_each_other() -> None:
    try:
        TopologicalSorter(import_graph()).prepare()
    except CycleError as error:
        pytest.fail(" -> ".join(error.args[1]))


def test_no_folder_is_a_heap() -> None:
    sources = [path for top in ("opentrader", "app", "bench", "tests") for path in (REPOSITORY / top).rglob("*.py")]
    counted = Counter(path.parent for path in sources if path.name not in NOT_COUNTED)
    crowded = {folder.relative_to(REPOSITORY).as_posix(): n for folder, n in counted.items() if n > FOLDER_FILES}
    assert crowded.keys() <= CROWDED.keys(), crowded


def test_no_class_name_means_two_things() -> None:
    homes = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ClassDef):
                homes[node.name].append(named(path))
    assert {name: where for name, where in homes.items() if len(where) > 1} == {}


def test_the_runtime_knows_errors_and_ports_only() -> None:
    own = "opentrader.actors.runtime."
    known = ("opentrader.errors.", "opentrader.domain.ports.", own)
    found = {
        f"{named(path)}: {name}"
        for path in sorted((PACKAGE / "actors" / "runtime").rglob("*.py"))
        for name in imported(path)
        if name.startswith("opentrader") and not name.startswith(known)
    }
    assert found == set(), "the runtime serves any actors: it knows none of this system's"


# --- coroutines --------------------------------------------------------------------------------------------------

HOLDERS = {"Actor", "Part"}  # bases of the classes that hold the state of an actor


def bases_of(tree: ast.AST) -> dict[str, set[str]]:
    """Each class in a module and the names of its bases, without their modules and type arguments."""
    return {
        node.name: {ast.unparse(base).partition("[")[0].rpartition(".")[2] for base in node.bases}
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef)
    }


def holders(bases: dict[str, set[str]]) -> set[str]:
    """The classes that derive from one of `HOLDERS`, also through other classes, and these themselves."""
    found: set[str] = set()
    more = set(HOLDERS)
    while more:
        found |= more
        more = {name for name, parents in bases.items() if parents & found} - found
    return found


def coroutines_in(tree: ast.AST, classes: set[str]) -> Iterator[str]:
    """The coroutines anywhere in these classes, also those inside a method: they can reach its `self`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ClassDef) and node.name in classes:
            inner = (one for one in ast.walk(node) if isinstance(one, ast.AsyncFunctionDef))
            yield from (f"{node.name}.{one.name}" for one in inner)


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("class A(Actor):\n async def f(self): ...", ["A.f"]),
        ("class A(runtime.Actor):\n async def f(self): ...", ["A.f"]),
        ("class P(Part[int]):\n async def f(self): ...", ["P.f"]),
        ("class B(A):\n async def f(self): ...\nclass A(Actor): ...", ["B.f"]),
        ("class A(Actor):\n def f(self):\n  async def g(): self", ["A.g"]),
        ("class A(Actor):\n def f(self): ...\nasync def g(): ...", []),
        ("class A(Protocol):\n async def f(self): ...", []),
    ],
)
def test_the_rule_finds_a_coroutine_in_an_actor(code: str, found: list[str]) -> None:
    tree = ast.parse(code)
    assert list(coroutines_in(tree, holders(bases_of(tree)))) == found


def test_no_coroutine_is_inside_an_actor() -> None:
    """A coroutine runs on the system's loop: it gets values and ports, and holds no state that an actor changes."""
    trees = {path: ast.parse(path.read_bytes()) for path in MODULES if path.is_relative_to(PACKAGE / "actors")}
    classes = holders({name: bases for tree in trees.values() for name, bases in bases_of(tree).items()})
    found = {
        f"{named(path)}: {coroutine}" for path, tree in trees.items() for coroutine in coroutines_in(tree, classes)
    }
    assert found == set(), "make it a function of the module, and pass what it reads of the actor"


def vague_handlers(tree: ast.AST) -> Iterator[str]:
    """The handlers in a module whose annotated answer is `Any`, or a promise of it."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and node.returns is not None:
            marked = any(
                isinstance(one, ast.Call) and ast.unparse(one.func) == "handles" for one in node.decorator_list
            )
            if marked and "Any" in {name.id for name in ast.walk(node.returns) if isinstance(name, ast.Name)}:
                yield node.name


def test_every_handler_says_what_it_answers() -> None:
    code = "class A:\n @handles(M)\n def f(self, m) -> Reply[Any]: ...\n def g(self) -> Any: ..."
    assert list(vague_handlers(ast.parse(code))) == ["f"]
    found = {
        f"{named(path)}: {handler}"
        for path in MODULES
        if path.is_relative_to(PACKAGE / "actors")
        for handler in vague_handlers(ast.parse(path.read_bytes()))
    }
    assert found == set()


def test_no_method_waits_for_a_subclass_to_be_written() -> None:
    actors = [path for path in MODULES if path.is_relative_to(PACKAGE / "actors")]
    assert [named(path) for path in actors if "NotImplementedError" in path.read_text()] == []

"""What every test can count on or ask for: bare settings, a store, the reference material, nothing left running."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import hypothesis
import pykka
import pytest

from opentrader.store import Store
from tests.paths import REPOSITORY

# The suite draws the same examples every time: red means that something changed. `make prove` draws new ones.
hypothesis.settings.register_profile("default", deadline=None, derandomize=True)
hypothesis.settings.register_profile("prove", deadline=None, derandomize=False, max_examples=2_000)
hypothesis.settings.load_profile("default")

# Whole worlds, run for minutes. Tests of the parts cover the same code; traced, these runs take three times as long.
UNTRACED = (
    "domain/trading/lifecycle/test_exploration.py",
    "domain/trading/lifecycle/test_mutants.py",
    "mutants",
    "simulation",
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if any(item.path.is_relative_to(REPOSITORY / "tests" / place) for place in UNTRACED):
            item.add_marker("no_cover")


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of recorded candles, golden results and the contract; no part of the repository."""
    folder = REPOSITORY.parent / "shared"
    if not folder.is_dir():
        pytest.skip("needs the folder `shared` beside the repository: candles, golden results, contract")
    return folder


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting from the environment, no opentrader.toml in the current folder."""
    for name in list(os.environ):
        if name.startswith("OPENTRADER_") or name == "GIT_COMMIT":
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def own_folder(bare: None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No setting but a data folder of the test's own, which no daemon has used."""
    monkeypatch.setenv("OPENTRADER_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """The store of that data folder, open for as long as the test runs."""
    store = Store.open(tmp_path / "data")
    yield store
    store.close()


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fails the test that leaves an actor, a thread or a store behind; the actors are stopped for the next test."""
    actors = set(pykka.ActorRegistry.get_all())
    threads = set(threading.enumerate())
    yield
    left = [ref for ref in pykka.ActorRegistry.get_all() if ref not in actors]
    for ref in left:
        ref.stop(block=True, timeout=5)
    assert not left, f"actors left alive: {', '.join(map(str, left))}"
    for thread in set(threading.enumerate()) - threads:
        if not thread.name.startswith("asyncio_"):  # those end with their event loop
            thread.join(timeout=5)
            assert not thread.is_alive(), f"thread left running: {thread.name}"

"""The processes beside the one that measures: a bare server, a client, and looking at them from outside."""

from __future__ import annotations

import asyncio
import urllib.request
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from bench.processes.child import Child, Died
from bench.processes.client import Client, LoadFailed
from bench.processes.command import CommandFailed, free_port, seconds
from bench.processes.journal import written
from bench.processes.recording import recorded, symbols
from bench.processes.requests import signals
from bench.processes.starting import until_answered
from bench.processes.twin import Hello
from bench.processes.twin import recorded as answer_of
from bench.subject.store import AuditEntry, Store, audit

ANSWER = {"headers": {"X-Known": "yes"}, "body": {"ok": True, "rows": [1, 2]}}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("processes")


@pytest.fixture(scope="module")
def hello(folder: Path) -> Iterator[Hello]:
    answers = {"/api/known": ANSWER, "/api/kept": ANSWER}
    with Hello(folder, answers=answers, commits={"/api/kept": [2]}, folders=[str(folder / "store")]) as started:
        yield started.ready()


@pytest.fixture(scope="module")
def client(folder: Path) -> Iterator[Client]:
    with Client(folder) as started:
        yield started


def test_the_twin_answers_as_it_was_told(hello: Hello) -> None:
    with urllib.request.urlopen(f"http://127.0.0.1:{hello.port}/api/known?a=b") as answer:
        assert answer_of(dict(answer.headers), answer.read())["body"] == ANSWER["body"]
        assert answer.headers["X-Known"] == "yes"


def test_the_client_waits_for_every_answer(hello: Hello, client: Client) -> None:
    before = hello.cpu()
    took = client.burst(hello.port, [("GET", "/api/known", None), ("POST", "/api/known", {"a": 1})], 50, 4)
    assert 0 < took.p50 <= took.p99 <= took.seconds
    assert hello.cpu() > before
    assert hello.memory_mib() > 1


def test_the_twin_commits_as_often_as_it_was_told(hello: Hello, client: Client, folder: Path) -> None:
    before = written(folder / "store")
    client.burst(hello.port, [("POST", "/api/kept", None)], 3, 1)
    assert written(folder / "store").since(before) == (6, 0)


def test_an_answer_that_is_no_200_ends_the_burst(hello: Hello, client: Client) -> None:
    with pytest.raises(LoadFailed, match="404"):
        client.burst(hello.port, [("GET", "/api/unknown", None)], 5, 2)
    assert client.burst(hello.port, [("GET", "/api/known", None)], 5, 2).seconds > 0


def test_a_process_that_dies_says_why(tmp_path: Path) -> None:
    with Child(("-c", "raise SystemExit('no luck')"), tmp_path / "log") as child, pytest.raises(Died, match="no luck"):
        child.hear()


def test_a_start_is_over_with_the_first_answer(folder: Path) -> None:
    took = until_answered(lambda port: Hello(folder, port, answers={"/up": ANSWER}), free_port(), "/up")
    assert took > 0


def test_a_command_that_fails_is_no_time() -> None:
    assert seconds("-c", "pass") > 0
    with pytest.raises(CommandFailed, match="no luck"):
        seconds("-c", "raise SystemExit('no luck')")


def test_commits_and_events_are_counted_from_outside(tmp_path: Path) -> None:
    entry = AuditEntry(
        ts=1, agent="bench", action="trade", symbol=None, outcome="ok", status=200, request_id=None, params={}
    )
    with closing(Store.open(tmp_path / "data")) as store:
        before = written(tmp_path / "data")
        asyncio.run(store.write(lambda connection: audit.append(connection, entry)))
        assert written(tmp_path / "data").since(before) == (1, 1)


def test_signals_are_never_twice_the_same() -> None:
    posts = signals()
    bodies = [next(posts)[2] for _ in range(40)]
    assert len({(body["symbol"], body["price"]) for body in bodies}) == 40


def test_recorded_candles_are_one_market_under_many_names(tmp_path: Path) -> None:
    made = recorded(tmp_path / "candles", 3)
    assert sorted(path.name for path in made.iterdir()) == sorted(
        f"{symbol}USDT-{timeframe}.csv" for symbol in symbols(3) for timeframe in ("4h", "1d")
    )
    texts = {path.read_text() for path in made.glob("*-4h.csv")}
    assert len(texts) == 1
    assert len(texts.pop().splitlines()) == 501

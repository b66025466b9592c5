"""The two dispatchers that are compared answer alike."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from bench.dispatch import NAMES, compared, line
from bench.processes.child import Child


def answer(port: int, method: str, path: str) -> tuple[int, str | None, bytes]:
    """Status, allowed methods, and the names of the fields or the code: what no moment changes."""
    try:
        with urlopen(Request(f"http://127.0.0.1:{port}{path}", method=method)) as response:
            return response.status, response.headers["Allow"], b",".join(re.findall(rb'"\w+":', response.read()))
    except HTTPError as error:
        return error.code, None, b",".join(re.findall(rb'"code":"\w+"', error.read()))


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/api/health", 200),
        ("GET", "/api/status/", 200),
        ("HEAD", "/api/health", 200),
        ("GET", "/api/nope", 404),
        ("POST", "/api/health", 405),
        ("GET", "/api/trend/BTC?timeframe=2h", 422),
    ],
)
def test_both_answer_alike(ports: dict[str, int], method: str, path: str, status: int) -> None:
    own, stock = (answer(ports[name], method, path) for name in NAMES)
    assert own == stock
    assert own[0] == status


@pytest.fixture(scope="module")
def ports(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, int]]:
    folder = tmp_path_factory.mktemp("dispatch")
    children = [Child(("-m", "bench.processes.dispatch", name, str(folder / name)), folder / "log") for name in NAMES]
    yield {name: int(child.hear()) for name, child in zip(NAMES, children, strict=True)}
    for child in children:
        child.stop()


def test_a_comparison_reads_both() -> None:
    found = compared("/api/health", rounds=2, requests=80)
    assert {name: len(sample.values) for name, sample in found.items()} == {"own": 2, "stock": 2}
    assert all(value > 0 for sample in found.values() for value in sample.values)
    assert re.fullmatch(r"GET /api/health: CPU per request [\d.]+ µs own, .* at best", line("/api/health", found))

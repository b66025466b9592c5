"""When the example agent sends a request again, and when it does not, against a server whose answers are scripted."""

from __future__ import annotations

import runpy
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any
from urllib.error import URLError

import pytest

from tests.paths import REPOSITORY

AGENT = runpy.run_path(str(REPOSITORY / "examples" / "agent.py"))
BUSY = (503, b'{"code": "overloaded", "detail": "busy"}')
DONE = (200, b'{"ok": true}')
REFUSED = (409, b'{"code": "trade_exists", "detail": "there is one"}')
CUT = (0, b"")  # the connection ends without an answer


@contextmanager
def scripted(*answers: tuple[int, bytes]) -> Iterator[tuple[Any, list[str | None]]]:
    """An `Api` of a server with these answers, and the keys of the requests that came."""
    keys: list[str | None] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            keys.append(self.headers["Idempotency-Key"])
            status, body = answers[len(keys) - 1]
            if status:
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                if status == BUSY[0]:
                    self.send_header("Retry-After", "0")
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.serve_forever)
        thread.start()
        try:
            yield AGENT["Api"](f"http://127.0.0.1:{server.server_port}"), keys
        finally:
            server.shutdown()
            thread.join()


def test_an_entry_whose_answer_is_lost_is_sent_again_with_its_key() -> None:
    with scripted(BUSY, CUT, DONE) as (api, keys):
        assert api.post("/api/trade/manual", key="k") == {"ok": True}
    assert keys == ["k", "k", "k"]


def test_without_a_key_it_is_sent_again_only_if_nothing_was_done() -> None:
    with scripted(BUSY, CUT) as (api, keys), pytest.raises((URLError, ConnectionError)):
        api.post("/api/closeall")
    assert keys == [None, None]


def test_a_refusal_is_final_and_says_why() -> None:
    with scripted(REFUSED) as (api, keys), pytest.raises(AGENT["Refused"], match="409 trade_exists: there is one"):
        api.post("/api/trade/manual", key="k")
    assert keys == ["k"]


def test_a_daemon_that_stays_busy_is_left_alone() -> None:
    with scripted(*[BUSY] * AGENT["ATTEMPTS"]) as (api, keys), pytest.raises(AGENT["Refused"], match="overloaded"):
        api.post("/api/closeall")
    assert len(keys) == AGENT["ATTEMPTS"]

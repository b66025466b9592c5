"""From the start of a process to its first answer."""

from __future__ import annotations

import http.client
import time
from collections.abc import Callable
from contextlib import AbstractContextManager, closing

LONGEST_SECONDS = 60.0
PAUSE_SECONDS = 0.002
Server = AbstractContextManager[object]


class NoAnswer(Exception):
    """A server did not answer with 200 in time."""


def until_answered(start: Callable[[int], Server], port: int, path: str) -> float:
    """Seconds from `start(port)` until GET of the path is answered with 200. The server is stopped again."""
    begin = time.perf_counter()
    with start(port):
        while not _answered(port, path):
            if time.perf_counter() - begin > LONGEST_SECONDS:
                raise NoAnswer(f"{path} was not answered within {LONGEST_SECONDS:g} s")
            time.sleep(PAUSE_SECONDS)
        return time.perf_counter() - begin


def _answered(port: int, path: str) -> bool:
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=LONGEST_SECONDS)) as connection:
        try:
            connection.request("GET", path)
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False

"""What this process tells the client to do; `load.py` does it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from bench.processes.child import Child

Request = tuple[str, str, Any]
"""Method, path with query, and the body to be sent as JSON, or None."""


class LoadFailed(Exception):
    """The server did not answer every request with 200."""


class Burst(NamedTuple):
    """What a number of requests took: seconds in all, and of one request at the percentiles."""

    seconds: float
    p50: float
    p99: float


class Heard(NamedTuple):
    """Seconds from the sending of a change until the first and the last stream received it."""

    first: float
    last: float


class Client(Child):
    """A process that sends requests."""

    def __init__(self, folder: Path) -> None:
        super().__init__(("-m", "bench.processes.load"), folder / "load.log")

    def burst(self, port: int, requests: Sequence[Request], count: int, connections: int) -> Burst:
        return Burst(**self._do("burst", port=port, requests=requests, count=count, connections=connections))

    def listen(self, port: int, path: str, clients: int) -> None:
        """Open streams of events, beside those that are open."""
        self._do("listen", port=port, path=path, clients=clients)

    def change(self, port: int, request: Request) -> Heard:
        return Heard(**self._do("change", port=port, request=request))

    def hang_up(self) -> None:
        """Close all streams."""
        self._do("hang_up")

    def _do(self, what: str, **options: Any) -> dict[str, Any]:
        self.tell(orjson.dumps({"do": what, **options}).decode())
        answer: dict[str, Any] = orjson.loads(self.hear())
        if "failed" in answer:
            raise LoadFailed(answer["failed"])
        return answer

"""The bare server beside the daemon: the same bodies and headers, in a separate process."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import orjson

from bench.processes.child import Child
from bench.processes.daemon import Daemon

OF_THE_SERVER = frozenset({"content-length", "content-type", "date", "connection"})


class Hello(Child):
    """A server that answers each path as its plan says; see `hello.py`."""

    def __init__(self, folder: Path, port: int = 0, **plan: Any) -> None:
        file = folder / "hello.json"
        file.write_bytes(orjson.dumps(plan))
        super().__init__(("-m", "bench.processes.hello", str(file), str(port)), folder / "hello.log")
        self.port = port

    def ready(self) -> Hello:
        """Wait until it listens."""
        self.port = int(self.hear())
        return self


def same_answers(daemon: Daemon, paths: Sequence[str]) -> dict[str, Any]:
    """What the daemon answers to these GETs now, by the path without its query."""
    return {path.partition("?")[0]: recorded(*daemon.answer("GET", path)) for path in paths}


def recorded(headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """An answer as `hello.py` takes it."""
    kept = {name: value for name, value in headers.items() if name.lower() not in OF_THE_SERVER}
    return {"headers": kept, "body": orjson.loads(body)}

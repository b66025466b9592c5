"""What `web.Application` with one middleware would cost in place of our own dispatch.

    python -m bench.dispatch [ROUNDS]

It decides whether `opentrader.http.application` and `router` stay: they do as long as they save more than a tenth.
"""

from __future__ import annotations

import sys
import tempfile
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import NamedTuple

from bench.processes.child import Child
from bench.processes.client import Client
from bench.timing import Sample, in_turns

NAMES = ("own", "stock")
PATHS = ("/api/health", "/api/status")
ROUNDS = 15
REQUESTS, CONNECTIONS = 4000, 8


class Server(NamedTuple):
    process: Child
    port: int


def compared(path: str, rounds: int, requests: int = REQUESTS) -> dict[str, Sample]:
    """Seconds of CPU that a server spends on a GET, by the name of its dispatcher. Each round takes both."""
    with tempfile.TemporaryDirectory() as text, ExitStack() as processes:
        folder = Path(text)
        client = processes.enter_context(Client(folder))
        servers = {name: _started(processes, name, folder) for name in NAMES}
        readings = {name: partial(_reading, client, server, path, requests) for name, server in servers.items()}
        for warm in readings.values():
            warm()
        return in_turns(readings, rounds)


def _started(processes: ExitStack, name: str, folder: Path) -> Server:
    command = ("-m", "bench.processes.dispatch", name, str(folder / name))
    process = processes.enter_context(Child(command, folder / f"{name}.log"))
    return Server(process, int(process.hear()))


def _reading(client: Client, server: Server, path: str, requests: int) -> float:
    before = server.process.cpu()
    client.burst(server.port, [("GET", path, None)], requests, CONNECTIONS)
    return (server.process.cpu() - before) / requests


def line(path: str, found: dict[str, Sample]) -> str:
    """The result for a reader: medians, and the least of all rounds."""
    ours, stock = (found[name] for name in NAMES)
    medians = f"{ours.median * 1e6:.1f} µs own, {stock.median * 1e6:.1f} µs stock ({stock.median / ours.median:.2f}x)"
    least = f"{min(ours.values) * 1e6:.1f} and {min(stock.values) * 1e6:.1f} µs at best"
    return f"GET {path}: CPU per request {medians}; {least}"


if __name__ == "__main__":
    for each in PATHS:
        print(line(each, compared(each, int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS)))

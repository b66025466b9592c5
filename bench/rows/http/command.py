"""P6: a command that is kept durably, at 32 connections."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import islice

from bench.processes.client import Client, Request
from bench.processes.daemon import Daemon
from bench.processes.requests import signals
from bench.processes.twin import Hello, recorded
from bench.row import Figure, Row, Run, at_least
from bench.timing import in_turns, times_as_fast

REPEATS = 15
CONNECTIONS = 32
COMMANDS = 640
PATH = "/api/signal"


def measure(run: Run) -> Iterator[Figure]:
    posts = signals()
    with Daemon(run.folder / "data") as daemon, Client(run.folder) as client:
        answer = recorded(*daemon.ready().answer(*next(posts)))
        if answer["body"]["status"] == "duplicate_skipped":
            raise AssertionError("a signal was not stored")
        store = str(run.folder / "hello")
        with Hello(run.folder, answers={PATH: answer}, commits={PATH: [1]}, folders=[store]) as hello:
            ports = {"daemon": daemon.port, "bare": hello.ready().port}
            run.say(f"{REPEATS} bursts of {COMMANDS} commands")
            readings = {name: partial(_took, client, port, posts) for name, port in ports.items()}
            for warm in readings.values():
                warm()
            found = in_turns(readings, REPEATS)
    yield times_as_fast("commands a second", found["daemon"], found["bare"], at_least(0.75))


def _took(client: Client, port: int, posts: Iterator[Request]) -> float:
    """Seconds a command."""
    return client.burst(port, list(islice(posts, COMMANDS)), COMMANDS, CONNECTIONS).seconds / COMMANDS


ROW = Row(
    "P6",
    what="a command at 32 connections: POST /api/signal, one durable commit",
    anchor="the bare server and one durable commit of the same store",
    target=">= 0.75x",
    note="Both group the commits that wait at the same time. The ratio is that of commands a second.",
    measure=measure,
)

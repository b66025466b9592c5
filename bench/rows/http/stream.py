"""P19: many streams of events, against one."""

from __future__ import annotations

import time
from collections.abc import Iterator
from itertools import count, islice
from typing import NamedTuple

from bench.processes.client import Client
from bench.processes.daemon import Daemon
from bench.processes.requests import card
from bench.row import Figure, Row, Run, at_most
from bench.timing import Sample, takes, times_the_cost

CLIENTS = 200
ROUNDS = 3
CHANGES = 10  # a round, with one client and with all
PATH = "/api/events?types=agent"
PAUSE_SECONDS = 0.1  # longer than the record waits between two looks


class Changes(NamedTuple):
    """What changes took: CPU of the daemon, when the last client heard of one alone and of one right after another."""

    cpu: list[float]
    last: list[float]
    last_in_row: list[float]


def measure(run: Run) -> Iterator[Figure]:
    numbers = count()
    one, many = Changes([], [], []), Changes([], [], [])
    with Daemon(run.folder / "data") as daemon, Client(run.folder) as client:
        daemon.ready()
        for number in range(ROUNDS):
            run.say(f"round {number + 1} of {ROUNDS}")
            for clients, found in ((1, one), (CLIENTS, many)):
                client.listen(daemon.port, PATH, clients)
                _alone(daemon, client, numbers, found)
                _in_row(daemon, client, numbers, found)
                client.hang_up()
    yield times_the_cost("CPU a change, 200 clients against one", Sample.of(many.cpu), Sample.of(one.cpu), at_most(4.0))
    yield takes("the last of 200 hears of a change after", Sample.of(many.last), at_most(0.05))
    yield takes("the last of 200 hears of one right after another", Sample.of(many.last_in_row), at_most(0.05))


def _alone(daemon: Daemon, client: Client, numbers: Iterator[int], found: Changes) -> None:
    """Changes with a pause before each: what the one before left to do is done."""
    for number in islice(numbers, CHANGES):
        time.sleep(PAUSE_SECONDS)
        before = daemon.cpu()
        found.last.append(client.change(daemon.port, card(number)).last)
        found.cpu.append(daemon.cpu() - before)


def _in_row(daemon: Daemon, client: Client, numbers: Iterator[int], found: Changes) -> None:
    """Changes that come as soon as all have heard of the one before."""
    found.last_in_row.extend(client.change(daemon.port, card(number)).last for number in islice(numbers, CHANGES))


ROW = Row(
    "P19",
    what="200 streams of events: CPU a change; when the last client hears of it",
    anchor="1 client",
    target="<= 4x; <= 50 ms",
    note="From the sending of POST /api/agent/coo; the client process reads all streams itself, which is part of it.",
    measure=measure,
)

"""P11: from the start of the process to the first answer of /api/health."""

from __future__ import annotations

from collections.abc import Iterator

from bench.processes.command import compile_kernels, free_port
from bench.processes.daemon import Daemon
from bench.processes.starting import until_answered
from bench.processes.twin import Hello, same_answers
from bench.row import Figure, Row, Run, at_most
from bench.timing import in_turns, times_the_cost

REPEATS = 7  # a start takes about a second
PATH = "/api/health"


def measure(run: Run) -> Iterator[Figure]:
    run.say("the first start of the data folder")
    compile_kernels()
    data = run.folder / "data"
    with Daemon(data) as daemon:
        answers = same_answers(daemon.ready(), [PATH])
    run.say(f"{REPEATS} starts of each")
    found = in_turns(
        {
            "daemon": lambda: until_answered(lambda port: Daemon(data, port=port), free_port(), PATH),
            "bare": lambda: until_answered(lambda port: Hello(run.folder, port, answers=answers), free_port(), PATH),
        },
        REPEATS,
    )
    yield times_the_cost("start to the first 200", found["daemon"], found["bare"], at_most(1.3))


ROW = Row(
    "P11",
    what="process start -> first 200 on /api/health",
    anchor="a bare aiohttp process",
    target="<= 1.3x",
    note="A data folder that was used before; the kernels are compiled.",
    measure=measure,
)

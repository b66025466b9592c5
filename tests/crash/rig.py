"""The rig: a daemon under four clients, killed, started again on its folder and judged, again and again."""

from __future__ import annotations

import json
import re
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from random import Random
from threading import Thread, Timer
from typing import Any

from opentrader.store.verification import verify_audit
from tests.crash import clients, judge, ledger, power
from tests.crash.clients import CLIENTS, Client, Stream
from tests.crash.evidence import Evidence, Journal, Repeat, Told, read_journal
from tests.crash.ledger import Span
from tests.crash.notes import Notes, Request, first_answers, unanswered
from tests.process import Daemon

SPEED = 240  # four minutes of the market a second: exits are reached by themselves
SETTINGS = {
    "OPENTRADER_LICENSE_EMAIL": "me@example.com",
    "OPENTRADER_LICENSE_NAME": "Me",
    "OPENTRADER_RISK_MAX_TRADES_DAY": "1000000",
    "OPENTRADER_RISK_MAX_OPEN": "50",
    "OPENTRADER_RISK_MAX_NOTIONAL_PCT": "4",
    "OPENTRADER_RISK_MAX_DAILY_LOSS_PCT": "100",
    "OPENTRADER_SIGNAL_TTL_MINUTES": "525600",
    "OPENTRADER_LOG_LEVEL": "warning",
    "NUMBA_DISABLE_JIT": "1",  # few candles are analyzed: to compile for that would take longer
}
START_SECONDS = 2.0  # within which a start is killed
LIFE_SECONDS = 5.0  # at most: a request may wait longer than this for what has no answer yet
IN_THE_START = 0.15  # how many of the kills
OLD_ANSWERS = 30  # of earlier lives, asked for again after each kill
SETTLE_SECONDS = 120.0  # after which what a daemon has not brought to its end it never will


@dataclass(frozen=True, slots=True)
class Plan:
    """`wire`: as `OPENTRADER_PAPER_WIRE` takes it. `script`: what runs instead of the daemon, see `Daemon`. `how`: the
    signal that ends it.
    """

    seed: int = 1
    wire: str = ""
    script: str | None = None
    how: signal.Signals = signal.SIGKILL

    def random(self, *names: object) -> Random:
        return Random(" ".join(map(str, (self.seed, *names))))

    @property
    def far(self) -> bool:
        return bool(self.wire)


@dataclass
class Figures:
    """What a run has seen. Times in seconds; the longest request without a kill is of any answered one."""

    kills: int = 0
    in_the_start: int = 0
    requests: int = 0
    answered: int = 0
    cut_off: int = 0
    repeats: int = 0
    trades: int = 0
    exits_by_themselves: int = 0
    longest_bare: float = 0.0
    longest_request: float = 0.0
    cuts: list[tuple[int, ...]] = field(default_factory=list)  # writes kept, torn and lost by each power cut
    spent: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        yield
        self.spent[what] = self.spent.get(what, 0.0) + time.monotonic() - began


class NotStarted(Exception):
    """The daemon ended before it listened; says what it has told."""


class Rig:
    """A folder with the data of the daemon, the notes of the clients, and the times of its lives."""

    def __init__(self, folder: Path, plan: Plan) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._data, self._lives, self._plan = folder / "data", folder / "lives.json", plan
        self.notes, self.figures = Notes(folder / "notes.jsonl"), Figures()
        # From listening until the kill, in Unix seconds; a life that was killed in its start has none.
        self._ups: list[tuple[float, float] | None] = []
        if self._lives.exists():
            self._ups = [up and (up[0], up[1]) for up in json.loads(self._lives.read_text())]
        self._faults: list[str] = []

    @property
    def life(self) -> int:
        """The number of kills so far."""
        return len(self._ups)

    def kill_once(self) -> list[str]:
        """One life of the daemon and its end; returns what is broken, judged at the start of this life."""
        random, daemon = self._plan.random("life", self.life), self._daemon()
        if self.life and random.random() < IN_THE_START:
            self._kill_in_the_start(daemon, random.uniform(0.2, START_SECONDS))
            return []
        try:
            with self._serving(daemon) as began, self._killed(daemon, began):
                found = self.judged(daemon, began) if self.life else []
                with self.figures.timed("under clients"):
                    self._live(daemon, random)
        except NotStarted as error:
            self._ended(None)
            return [f"it does not start: {error}"]
        return found

    def end(self) -> list[str]:
        """Start once more, bring everything to its end, stop in order; returns what is broken."""
        daemon = self._daemon()
        try:
            with self._serving(daemon) as began:
                found = self._ended_well(daemon, began)
        except NotStarted as error:
            return [f"it does not start: {error}"]
        finally:
            self.notes.close()
        report = verify_audit(self._data)
        return [*found, *(report.faults if report else ["there is no store"])]

    def _ended_well(self, daemon: Daemon, began: float) -> list[str]:
        found = self.judged(daemon, began)
        with self.figures.timed("settling"):
            found += self._settle(daemon)
        evidence = self._evidence(daemon, began)
        self._count(evidence)
        status = daemon.stop()
        return [
            *found,
            *judge.violations_at_the_end(evidence),
            *([f"it stops with status {status}"] if status else []),
        ]

    # --- one life

    def _daemon(self) -> Daemon:
        own = {"OPENTRADER_PAPER_WIRE": self._plan.wire, power.SEED: f"{self._plan.seed} {self.life}"}
        environment: dict[str, Any] = {**SETTINGS, **own}
        return Daemon(self._data, "--speed", str(SPEED), script=self._plan.script, **environment)

    @contextmanager
    def _serving(self, daemon: Daemon) -> Iterator[float]:
        """Gives the time from which it listens."""
        try:
            with self.figures.timed("starting"):
                start(daemon)
            yield time.time()
        finally:
            daemon.kill()

    @contextmanager
    def _killed(self, daemon: Daemon, began: float) -> Iterator[None]:
        """Notes the end of a life, which comes within."""
        yield
        self._ended((began, time.time()))
        self._faults += faults(daemon.logged())
        self._cut(daemon.logged())

    def _ended(self, up: tuple[float, float] | None) -> None:
        self._ups.append(up)
        self._lives.write_text(json.dumps(self._ups))
        self.figures.kills += 1

    def _cut(self, log: str) -> None:
        """Count what the power cut that ended a log has done to what was not synced."""
        if told := re.search(r"power cut: (\d+) kept, (\d+) torn, (\d+) lost", log):
            self.figures.cuts.append(tuple(map(int, told.groups())))

    def _kill_in_the_start(self, daemon: Daemon, seconds: float) -> None:
        timer = Timer(seconds, self._end_process, (daemon,))
        timer.start()
        with self.figures.timed("starts that are killed"), suppress(AssertionError):
            daemon.start()
        timer.join()
        self._cut(daemon.logged())
        daemon.kill()
        self.figures.in_the_start += 1
        self._ended(None)

    def _live(self, daemon: Daemon, random: Random) -> None:
        """Clients ask until the daemon is killed, at a random moment of their requests."""
        stream = Stream(random.randint(1, 10 if self._plan.far else 50))
        threads = [
            Thread(target=self._client(number).live, args=(daemon, stream), name=f"client {number}")
            for number in range(CLIENTS)
        ]
        for thread in threads:
            thread.start()
        stream.reached.wait(random.uniform(1, LIFE_SECONDS))
        time.sleep(random.uniform(0, 0.6 if self._plan.far else 0.03))
        self._end_process(daemon)
        for thread in threads:
            thread.join()

    def _end_process(self, daemon: Daemon) -> None:
        daemon.process.send_signal(self._plan.how)
        daemon.process.wait(SETTLE_SECONDS)

    def _client(self, number: int) -> Client:
        return Client(number, self.notes, self.life, self._plan.random("client", self.life, number))

    # --- judging

    def judged(self, daemon: Daemon, began: float) -> list[str]:
        with self.figures.timed("judging"):
            return judge.violations(self._evidence(daemon, began))

    def _evidence(self, daemon: Daemon, began: float) -> Evidence:
        repeats = tuple(self._repeats(daemon))
        told = read_told(daemon)
        journal = read_journal(self._data)
        faulty = (*self._faults, *faults(daemon.logged()))
        self.figures.repeats += len(repeats)
        books = ledger.read(self._data)
        until = journal.pace.at(time.time())
        downs = self._downs(journal, began)
        return Evidence(tuple(self.notes.all), books, journal, told, repeats, downs, until, faulty)

    def _repeats(self, daemon: Daemon) -> Iterator[Repeat]:
        """What was answered in the last life, and some of what was before, asked for once more."""
        answers = list(first_answers(self.notes.all).values())
        last = [note for note in answers if note.life == self.life - 1]
        older = [note for note in answers if note.life < self.life - 1]
        chosen = self._plan.random("old", self.life).sample(older, min(OLD_ANSWERS, len(older)))
        for note in (*last, *chosen):
            yield Repeat(note, *clients.told(daemon, note.request))

    def _downs(self, journal: Journal, began: float) -> tuple[Span, ...]:
        """The times between the lives, in market time."""
        ups = [up for up in (*self._ups, (began, time.time())) if up]
        return tuple((journal.pace.at(earlier[1]), journal.pace.at(later[0])) for earlier, later in pairwise(ups))

    # --- the end

    def _settle(self, daemon: Daemon) -> list[str]:
        """Every request gets its answer; what is open is protected first, then closed; nothing waits."""
        found = self._answers(daemon)
        self.notes.add(clients.asked(daemon, Request(CLIENTS, "resume", "POST", "/api/resume"), self.life))
        found += until(lambda: unprotected(daemon), "is not protected")
        for entry in daemon.get("/api/pending-entries")["pending"]:
            daemon.call("DELETE", f"/api/pending-entries/{entry['id']}")
        found += until(lambda: still_open(daemon), "cannot be closed")
        return found

    def _answers(self, daemon: Daemon) -> list[str]:
        def ask() -> list[str]:
            for note in unanswered(self.notes.all):
                self.notes.add(clients.asked(daemon, note.request, self.life))
            return [f"{note.request.key} ({note.status}: {note.body})" for note in unanswered(self.notes.all)]

        return until(ask, "is not answered")

    def _count(self, evidence: Evidence) -> None:
        notes, figures = evidence.notes, self.figures
        figures.requests, figures.answered = len(notes), sum(note.done for note in notes)
        figures.cut_off = sum(note.status == 0 for note in notes)
        figures.trades = sum(bool(book.fills) for book in evidence.books.values())
        figures.exits_by_themselves = len(evidence.journal.history.keys() - evidence.journal.on_request)
        figures.longest_bare = max(judge.bare(evidence).values(), default=0.0)
        figures.longest_request = max((note.ended_at - note.sent_at for note in notes if note.status), default=0.0)


def start(daemon: Daemon) -> None:
    try:
        daemon.start()
    except AssertionError as error:
        raise NotStarted(str(error)) from None


def read_told(daemon: Daemon) -> Told:
    signals = daemon.get("/api/signal/list")["signals"]
    return Told(
        tuple(daemon.get("/api/trades")["trades"]),
        tuple(daemon.get("/api/pending-entries")["pending"]),
        {signal["symbol"]: signal["created_at"] for signal in signals},
        daemon.get("/api/status")["halted"],
    )


def faults(log: str) -> list[str]:
    """The last line of each trace in a log."""
    found = []
    for part in log.split("Traceback (most recent call last)")[1:]:
        lines = [line for line in part.splitlines()[1:] if line and not line.startswith(" ")]
        found.append(lines[0] if lines else "a trace that was cut off")
    return found


def unprotected(daemon: Daemon) -> list[str]:
    return [trade["id"] for trade in daemon.get("/api/trades")["trades"] if trade["state"] != "protected"]


def still_open(daemon: Daemon) -> list[str]:
    if not daemon.get("/api/trades")["trades"]:
        return []
    daemon.post("/api/closeall")
    return [trade["id"] for trade in daemon.get("/api/trades")["trades"]]


def until(rest: Callable[[], list[str]], fault: str) -> list[str]:
    """Wait until nothing is left; returns what is left after `SETTLE_SECONDS`."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while left := rest():
        if time.monotonic() > deadline:
            return [f"{one} {fault}" for one in left]
        time.sleep(0.2)
    return []

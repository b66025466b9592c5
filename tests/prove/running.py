"""Runs pieces in processes of their own, a few at a time, and keeps what each has found."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import BinaryIO

from tests.paths import REPOSITORY
from tests.prove.kept import Found, Kept
from tests.prove.parts import Part, Piece
from tests.prove.report import Report

POLL_SECONDS = 0.1
MOST_SECONDS = 3_600  # of one piece; what hangs has failed
GRACE_SECONDS = 10
_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class SourcesChanged(Exception):
    """What a piece has found says nothing about the sources as they are now."""


@dataclass(frozen=True, slots=True)
class Run:
    """A piece that is running."""

    part: Part
    piece: Piece
    process: subprocess.Popen[bytes]
    began: float

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


def _end_with_parent() -> None:
    """In the new process: it is interrupted when this one ends, however it ends, and also if we ignore interrupts."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def begin(part: Part, piece: Piece, log: BinaryIO) -> Run:
    process = subprocess.Popen(
        [sys.executable, *piece.command],
        cwd=REPOSITORY,
        stdin=subprocess.DEVNULL,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,  # an interrupt from the terminal is for us alone, and we end them
        preexec_fn=_end_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509 - there are no threads
    )
    return Run(part, piece, process, time.monotonic())


def _signal(run: Run, number: signal.Signals) -> None:
    with suppress(ProcessLookupError):
        os.killpg(run.process.pid, number)


@contextmanager
def _none_left(runs: list[Run]) -> Iterator[None]:
    """Whatever ends the block ends what runs."""
    try:
        yield
    finally:
        for run in runs:
            _signal(run, signal.SIGINT)
        for run in runs:
            with suppress(subprocess.TimeoutExpired):
                run.process.wait(GRACE_SECONDS)
            _signal(run, signal.SIGKILL)


def run(parts: Sequence[Part], kept: Kept, report: Report, *, workers: int, unchanged: Callable[[], bool]) -> None:
    """Run what is not kept yet. Raises `SourcesChanged` rather than keep what was found once `unchanged()` is False."""
    waiting = [(part, piece) for part in parts for piece in part.pieces if kept.found(part.name, piece) is None]
    runs = list[Run]()
    with _none_left(runs):
        while waiting or runs:
            while waiting and len(runs) < workers:
                part, piece = waiting.pop(0)
                with kept.log(part.name, piece).open("wb") as log:
                    runs.append(begin(part, piece, log))
            for ended in [run for run in runs if _has_ended(run)]:
                runs.remove(ended)
                _keep(ended, kept, unchanged)
                report.ended(ended.part, ended.piece)
            report.going([(run.piece.name, run.seconds) for run in runs])
            time.sleep(POLL_SECONDS)


def _has_ended(run: Run) -> bool:
    if run.seconds > MOST_SECONDS:
        _signal(run, signal.SIGKILL)
        run.process.wait()
    return run.process.poll() is not None


def _keep(run: Run, kept: Kept, unchanged: Callable[[], bool]) -> None:
    if not unchanged():
        raise SourcesChanged
    kept.keep(run.part.name, run.piece, Found(run.process.returncode, round(run.seconds, 1)))

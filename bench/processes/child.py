"""A process beside this one: started, watched from outside, ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

ROOT = Path(__file__).resolve().parents[2]
END_SECONDS = 60.0  # a process that has not ended after a request and this time never will


class Died(Exception):
    """A process ended that should have gone on."""


class Child:
    """Python as a process, its stderr in a file. No settings reach it but those given."""

    def __init__(
        self,
        arguments: Sequence[str],
        log: Path,
        environment: Mapping[str, str] | None = None,
        python: Path | str = sys.executable,
    ) -> None:
        self._log, self._name = log, " ".join(arguments[:2])
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPENTRADER_")}
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [str(python), *arguments],
                cwd=ROOT,
                env={**inherited, **(environment or {})},
                text=True,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def pid(self) -> int:
        return self._process.pid

    def cpu(self) -> float:
        """Seconds of CPU that all its threads have used so far, to the nanosecond."""
        return time.clock_gettime(~self.pid << 3 | 2)  # its CPU clock, as clock_getcpuclockid(3) builds the number

    def memory_mib(self) -> float:
        """What it holds in RAM, its share of common pages included."""
        text = Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        line = next(line for line in text.splitlines() if line.startswith("VmRSS:"))
        return int(line.split()[1]) / 1024

    def tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line + "\n")
        self._process.stdin.flush()

    def hear(self) -> str:
        """Its next line. Raises `Died` when there is none."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            self._process.wait(END_SECONDS)
            last = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()[-1:]
            raise Died(f"{self._name}: {' '.join(last) or 'no word on stderr'}")
        return line

    def stop(self) -> None:
        """End it in its own order; by force if that takes too long."""
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.communicate(timeout=END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.communicate()

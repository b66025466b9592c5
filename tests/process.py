"""`opentrader serve` as a process of its own on a free port, told what to do over HTTP; and a script that is killed."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from email.message import Message
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from tests.paths import REPOSITORY

SECONDS = 60  # after which a daemon that has not done as it was told never will
TRADER: dict[str, Any] = {  # the settings of somebody who may trade, and more often than by default
    "OPENTRADER_LICENSE_EMAIL": "me@example.com",
    "OPENTRADER_LICENSE_NAME": "Me",
    "OPENTRADER_RISK_MAX_TRADES_DAY": "10",
}


class Daemon:
    """The daemon of a data folder; killed without warning, started again. It has no settings but those given.

    `tree` is the checkout whose code it runs, `script` what runs instead of `python -m opentrader`: code that
    changes a part of the package, then calls `main` of opentrader.cli.
    """

    def __init__(
        self, folder: Path, *options: str, tree: Path = REPOSITORY, script: str | None = None, **environment: str
    ) -> None:
        program = ["-m", "opentrader"] if script is None else ["-c", script]
        serve = [sys.executable, *program, "serve"]
        self._command = [*serve, "--port", "0", "--data-dir", str(folder), *options]
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPENTRADER_")}
        self._environment = {**inherited, **environment}
        self._tree = tree

    def start(self) -> None:
        self.told: list[str] = []
        # Not a pipe, which would hold the daemon up once it is full: nobody reads it.
        self._log = tempfile.TemporaryFile("w+")  # noqa: SIM115 (`kill` closes it)
        self.process = subprocess.Popen(
            self._command, cwd=self._tree, env=self._environment, text=True, stdout=subprocess.PIPE, stderr=self._log
        )
        self.base = self.wait_for(r"listening on (http://\S+)")

    def wait_for(self, pattern: str) -> str:
        """The first group of the first line that matches; fails when the output ends without one."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.told.append(line)
            if match := re.search(pattern, line):
                return match[1] if match.groups() else line
        self.process.wait(SECONDS)
        self._log.seek(0)
        raise AssertionError("".join(self.told) + self._log.read())

    def logged(self) -> str:
        """What it has written to stderr so far; reading moves no offset, which the process shares."""
        return os.pread(self._log.fileno(), os.fstat(self._log.fileno()).st_size, 0).decode()

    def stop(self, how: signal.Signals = signal.SIGTERM) -> int:
        self.process.send_signal(how)
        return self.process.wait(SECONDS)

    def kill(self) -> None:
        with self.process:  # closes its output and waits for its end
            self.process.kill()
        self._log.close()

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        status, told, _ = self.exchange(method, path, body, **headers)
        return status, told

    def exchange(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any, Message]:
        """The status, the body and the headers of an answer."""
        data = None if body is None else json.dumps(body).encode()
        request = Request(self.base + path, data, headers, method=method)
        try:
            with urlopen(request, timeout=SECONDS) as answer:
                return answer.status, json.load(answer), answer.headers
        except HTTPError as error:
            with error:
                return error.code, json.load(error), error.headers

    def get(self, path: str) -> Any:
        return self._done("GET", path)

    def text(self, path: str) -> str:
        with urlopen(self.base + path, timeout=SECONDS) as answer:
            return str(answer.read().decode())

    def post(self, path: str, body: Any = None, **headers: str) -> Any:
        return self._done("POST", path, body, **headers)

    def _done(self, *request: Any, **headers: str) -> Any:
        status, body = self.call(*request, **headers)
        assert status == 200, body
        return body


@contextmanager
def serving(
    folder: Path, *options: str, tree: Path = REPOSITORY, script: str | None = None, **environment: str
) -> Iterator[Daemon]:
    daemon = Daemon(folder, *options, tree=tree, script=script, **environment)
    try:
        daemon.start()
        yield daemon
    finally:
        daemon.kill()


def lines_until_killed(script: str, folder: Path, enough: int) -> list[str]:
    """What a script has printed that is given the folder and killed after `enough` lines; whole lines only."""
    command = [sys.executable, "-c", script, str(folder)]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            first = [process.stdout.readline() for _ in range(enough)]
        finally:
            process.kill()
        lines = [line.rstrip("\n") for line in (*first, *process.stdout) if line.endswith("\n")]
    assert len(lines) >= enough
    return lines

"""A real daemon in a process of its own, driven over HTTP, and the same system in this process."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

LISTENING = re.compile(r"http://127\.0\.0\.1:(\d+)")


class Daemon:
    """`opentrader serve` on a folder; killed without warning, started again."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self._folder = folder
        self._environment = {
            **os.environ,
            "OPENTRADER_LICENSE_EMAIL": "me@example.com",
            "OPENTRADER_LICENSE_NAME": "Me",
            "OPENTRADER_RISK_MAX_TRADES_DAY": "10",
            **environment,
        }
        self._process: subprocess.Popen[str] | None = None
        self.base = ""

    def start(self) -> None:
        command = [sys.executable, "-m", "opentrader", "serve", "--port", "0", "--data-dir", str(self._folder)]
        pipe = subprocess.PIPE
        self._process = subprocess.Popen(
            command, stdout=pipe, stderr=subprocess.DEVNULL, text=True, env=self._environment
        )
        assert self._process.stdout is not None
        for line in self._process.stdout:
            if found := LISTENING.search(line):
                self.base = found.group()
                return
        raise AssertionError("the daemon did not start")

    def kill(self) -> None:
        self._end(signal.SIGKILL)

    def stop(self) -> int:
        return self._end(signal.SIGTERM)

    def _end(self, number: signal.Signals) -> int:
        process, self._process = self._process, None
        if process is None:
            return 0
        process.send_signal(number)
        status = process.wait(timeout=60)
        assert process.stdout is not None
        process.stdout.close()
        return status

    def call(self, method: str, path: str, body: Any = None, **headers: str) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.base + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return answer.status, json.loads(answer.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def get(self, path: str) -> Any:
        status, body = self.call("GET", path)
        assert status == 200, body
        return body

    def post(self, path: str, **headers: str) -> Any:
        status, body = self.call("POST", path, **headers)
        assert status == 200, body
        return body


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[Daemon]:
    running = Daemon(tmp_path / "data")
    running.start()
    yield running
    running.kill()

"""`opentrader serve` on a free port."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import orjson

from bench.processes.child import Child

ANSWER_SECONDS = 120.0
TRADER = {
    "OPENTRADER_LICENSE_EMAIL": "bench@example.com",
    "OPENTRADER_LICENSE_NAME": "Bench",
    "OPENTRADER_LOG_LEVEL": "warning",
    "OPENTRADER_PAPER_BALANCE": "USDT=100000000",
    "OPENTRADER_RISK_MAX_TRADES_DAY": "1000000",
    "OPENTRADER_RISK_MAX_OPEN": "1000000",
    "OPENTRADER_RISK_MAX_DAILY_LOSS_PCT": "100",
    "OPENTRADER_RISK_PER_TRADE_PCT": "0.001",
}
"""Somebody who may trade as often as a measurement needs."""


class Refused(Exception):
    """A request was not answered with 200."""


class Daemon(Child):
    """A daemon of the data folder, which is made if it is not there."""

    def __init__(self, folder: Path, *options: str, port: int = 0, **environment: str) -> None:
        command = ("-m", "opentrader", "serve", "--port", str(port), "--data-dir", str(folder), *options)
        super().__init__(command, folder.parent / f"{folder.name}.log", TRADER | environment)
        self.folder = folder
        self.port = port

    def ready(self) -> Daemon:
        """Wait until it says where it listens."""
        while (found := re.search(r"listening on http://\S+:(\d+)", self.hear())) is None:
            pass
        self.port = int(found[1])
        return self

    def call(self, method: str, path: str, body: Any = None) -> Any:
        """The decoded answer. Raises `Refused`."""
        return orjson.loads(self.answer(method, path, body)[1])

    def answer(self, method: str, path: str, body: Any = None) -> tuple[dict[str, str], bytes]:
        """Headers and body of an answer. Raises `Refused`."""
        data = None if body is None else orjson.dumps(body)
        headers = {} if body is None else {"Content-Type": "application/json"}
        request = Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            with urlopen(request, timeout=ANSWER_SECONDS) as answer:
                return dict(answer.headers), answer.read()
        except HTTPError as error:
            with error:
                raise Refused(f"{method} {path}: {error.code} {error.read()[:500]!r}") from None

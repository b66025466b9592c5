"""A small agent that drives a running daemon over HTTP: it looks for signals, decides, and places entries.

    make run                                   # in another terminal
    python examples/agent.py [BASE_URL]        # http://127.0.0.1:8000 by default

One round: register the free license, scan for mean-reversion signals, place a LIMIT entry for each that passes enough
of the checklist and confirm it, reject the others, and report. Run it from cron for more rounds. Needs nothing but
Python. A token is read from OPENTRADER_API_TOKEN.

How it handles errors is what to copy. Each entry carries an Idempotency-Key made of the signal: when the answer is
lost, or the agent crashes and starts again, the same request with the same key gives the first outcome and never a
second order. A refusal is JSON with a `code` for the program, a `detail` and a `hint` for the log.
"""

from __future__ import annotations

import json
import os
import sys
import time
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

ATTEMPTS = 4
TIMEOUT_SECONDS = 310  # the daemon answers an entry within 300 s
NAME = "scout"
MIN_PASSED = 5  # of the seven points of a signal's checklist


class Refused(Exception):
    """The daemon's answer to a request that it does not carry out."""

    def __init__(self, status: int, problem: dict[str, Any]) -> None:
        super().__init__(f"{status} {problem['code']}: {problem['detail']} {problem.get('hint', '')}".rstrip())
        self.code: str = problem["code"]


class Api:
    """Requests to one daemon. Each raises `Refused`, or `OSError` when the daemon cannot be reached."""

    def __init__(self, base: str, token: str | None = None) -> None:
        self._base = base
        self._headers = {"Content-Type": "application/json"}
        if token:
            self._headers["Authorization"] = f"Bearer {token}"

    def get(self, path: str, **query: Any) -> Any:
        return self._send("GET", path, query, repeatable=True)

    def post(self, path: str, body: dict[str, Any] | None = None, *, key: str = "", **query: Any) -> Any:
        """Change something. Only with a `key` is the request sent again after its answer was lost."""
        return self._send("POST", path, query, body, {"Idempotency-Key": key} if key else {}, repeatable=bool(key))

    def _send(
        self,
        method: str,
        path: str,
        query: dict[str, Any],
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
        *,
        repeatable: bool,
    ) -> Any:
        data = None if body is None else json.dumps(body).encode()
        url = f"{self._base}{path}?{urlencode(query)}"
        request = Request(url, data, self._headers | (headers or {}), method=method)
        for attempt in range(1, ATTEMPTS + 1):
            last = attempt == ATTEMPTS
            try:
                with urlopen(request, timeout=TIMEOUT_SECONDS) as answer:
                    return json.load(answer)
            except HTTPError as error:
                wait = error.headers.get("Retry-After")  # the daemon says when the same request is welcome
                if wait is None or last:
                    raise Refused(error.code, json.load(error)) from None
                time.sleep(float(wait))
            except (URLError, ConnectionError, TimeoutError):  # the request may have been carried out
                if not repeatable or last:
                    raise
                time.sleep(attempt)
        raise AssertionError("the last attempt returns or raises")


def register(api: Api) -> None:
    if api.get("/api/license/status")["license_status"] != "active":
        api.post("/api/license/register", {"email": "you@example.com", "name": "Your Name"})


def found(api: Api) -> list[dict[str, Any]]:
    """Scan the watchlist; all signals that wait for a decision."""
    api.post("/api/mr-combined/scan-and-signal", agent=NAME)
    return [signal for signal in api.get("/api/signal/list")["signals"] if signal["status"] == "pending"]


def enter(api: Api, signal: dict[str, Any]) -> dict[str, Any]:
    """A LIMIT entry at the price of the signal, with its stop and target; one per signal, however often it is sent."""
    order = {
        "symbol": signal["symbol"],
        "direction": signal["direction"],
        "entry_px": signal["price"],
        "sl_pct": signal["sl_pct"],
        "tp_pct": signal["tp_pct"],
        "agent": NAME,
    }
    placed: dict[str, Any] = api.post("/api/trade/manual", key=f"{signal['symbol']}-{signal['created_at']}", **order)
    return placed


def handle(api: Api, signal: dict[str, Any]) -> str:
    """Act on one signal; a line for the report. A refusal ends this signal, not the round."""
    symbol = signal["symbol"]
    try:
        if (signal["passed"] or 0) < MIN_PASSED:
            api.post(f"/api/signal/{symbol}/reject")
            return f"{symbol}: rejected, {signal['passed']} of {signal['total']} points"
        placed = enter(api, signal)
        # Only now: after a crash before this line the signal is still pending, and the key finds the entry.
        api.post(f"/api/signal/{symbol}/confirm")
        return f"{symbol}: {signal['direction']} entry {placed['status']} at {placed['entry']['entry_px']}"
    except Refused as refused:
        return f"{symbol}: refused with {refused}"


def main(base: str) -> int:
    api = Api(base, os.environ.get("OPENTRADER_API_TOKEN"))
    try:
        register(api)
        report = [handle(api, signal) for signal in found(api)] or ["no signals"]
        api.post(f"/api/agent/{NAME}", {"status": "idle", "action": "; ".join(report)[:500]})
    except (Refused, OSError) as error:
        print(f"the round failed: {error}", file=sys.stderr)
        return 1
    print(*report, sep="\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1] if len(sys.argv) > 1 else "http://127.0.0.1:8000"))

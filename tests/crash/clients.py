"""Four clients: each asks for one thing after the other, and repeats with the same key what was not answered well."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from http.client import HTTPException
from random import Random
from threading import Event, Lock
from typing import Any

from tests.crash.notes import CONTROLS, CUT_OFF, Note, Notes, Request, unanswered
from tests.process import Daemon

CLIENTS = 4
SYMBOLS = ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "AVAX")
KINDS = {
    "buy": 40,
    "manual": 14,
    "cancel": 12,
    "close": 14,
    "sell": 5,
    "closeall": 2,
    "levels": 10,
    "drop": 1,
    "halt": 1,
    "resume": 2,
    "signal": 7,
}
REPEATED, REMEMBERED = 0.15, 40  # how often a client asks for an old thing again, and how far back
REFUSED_SECONDS = 0.05  # that a client waits after a refusal
AWAY = (OSError, HTTPException, ValueError)  # the daemon is gone, or an answer broke off


class Stream:
    """Counts the good answers, and says when there were enough to kill the daemon."""

    def __init__(self, enough: int) -> None:
        self.reached, self._left, self._lock = Event(), enough, Lock()

    def answered(self) -> None:
        with self._lock:
            self._left -= 1
            if self._left <= 0:
                self.reached.set()


class Client:
    """One client in one life of the daemon; what it did in earlier ones it knows from the notes."""

    def __init__(self, number: int, notes: Notes, life: int, random: Random) -> None:
        self._number, self._notes, self._life, self._random = number, notes, life, random
        self._count = 0
        own = [note for note in notes.all if note.request.client == number]
        self._open = [note.request for note in unanswered(own)]
        self._old = [note.request for note in own if note.request.key and note.final][-REMEMBERED:]
        self._waiting = [note.body["entry"]["id"] for note in own if note.done and note.request.kind == "manual"][-5:]
        self._bought = list[str]()
        self._halted = False

    def live(self, daemon: Daemon, stream: Stream) -> None:
        """Ask for things until the daemon is gone."""
        while True:
            request = self._next(daemon)
            if request is None:
                return
            note = asked(daemon, request, self._life)
            self._notes.add(note)
            if note.status == CUT_OFF:
                return
            if note.done:
                stream.answered()
            else:
                time.sleep(REFUSED_SECONDS)
            self._learn(note)

    def _learn(self, note: Note) -> None:
        self._open = [one for one in self._open if one != note.request]
        self._halted = note.status == 409 and note.body["detail"].startswith("trading is halted")
        if not note.request.key:
            return
        if not note.final:
            self._open.append(note.request)
            return
        self._old = [*self._old, note.request][-REMEMBERED:]
        if note.done and note.request.kind == "manual":
            self._waiting.append(note.body["entry"]["id"])
        if note.done and note.request.kind == "buy" and "trade" in note.body:
            self._bought.append(note.body["trade"]["symbol"])

    def _next(self, daemon: Daemon) -> Request | None:
        """None: the daemon is gone."""
        if self._open and self._random.random() < 0.5:
            return self._random.choice(self._open)
        if self._old and self._random.random() < REPEATED:
            return self._random.choice(self._old)
        kind = self._kind()
        symbol = self._random.choice(SYMBOLS)
        if kind in {"close", "sell"} and self._bought:
            symbol = self._bought.pop(self._random.randrange(len(self._bought)))
        try:
            return self._made(kind, symbol, daemon)
        except AWAY:
            return None

    def _kind(self) -> str:
        if self._halted:
            return "resume"
        (kind,) = self._random.choices(list(KINDS), list(KINDS.values()))
        return "manual" if kind == "cancel" and not self._waiting else kind

    def _made(self, kind: str, symbol: str, daemon: Daemon) -> Request:
        self._count += 1
        key = f"{self._life}-{self._number}-{self._count}"
        match kind:
            case "buy" | "sell":
                sl, tp = self._levels()
                path = f"/api/trade?symbol={symbol}&direction={kind}&bot=crash&sl={sl}&tp={tp}&ev=30&confidence=9"
            case "manual":
                path = f"/api/trade/manual?symbol={symbol}&direction=buy&{self._terms(symbol, daemon)}"
            case "close":
                path = f"/api/close?symbol={symbol}"
            case "closeall":
                path = f"/api/closeall?cancel_pending={self._random.choice(('true', 'false'))}"
            case "levels" | "drop":
                open_now = [trade for trade in daemon.get("/api/trades")["trades"] if trade["state"] == "protected"]
                if not open_now:
                    return self._made("buy", symbol, daemon)
                path = self._pressed(kind, self._random.choice(open_now))
            case _:
                return self._keyless(kind, symbol)
        return Request(self._number, kind, "POST", path, key)

    def _keyless(self, kind: str, symbol: str) -> Request:
        """A request that takes no key: repeated, it says the same."""
        request = Request(self._number, kind, "POST", "")
        if kind == "cancel":
            id_ = self._waiting.pop(self._random.randrange(len(self._waiting)))
            return replace(request, method="DELETE", path=f"/api/pending-entries/{id_}")
        if kind in CONTROLS:
            return replace(request, path=f"/api/{kind}")
        price = self._random.randint(1, 10**9)  # tells one signal from the other
        body = {"symbol": f"{symbol}USDT", "direction": "buy", "bot": "mr_combined", "price": price}
        return replace(request, path="/api/signal", body=body)

    def _pressed(self, kind: str, trade: dict[str, Any]) -> str:
        """A drop is refused, because the trade is not in quarantine; so is a move that is too close to the price."""
        path, px = f"/api/trades/{trade['id']}/{kind}", trade["mark_px"] or trade["entry_px"]
        if kind == "drop":
            return path
        sl, tp = self._random.uniform(trade["sl_px"], px), px * self._random.uniform(1, 1.03)
        levels = self._random.choice((f"sl_px={sl:.6g}", f"tp_px={tp:.6g}", f"sl_px={sl:.6g}&tp_px={tp:.6g}"))
        return f"{path}?{levels}"

    def _levels(self) -> tuple[float, float]:
        """A stop and a target in percent, close enough to be reached now and then."""
        sl = round(self._random.uniform(0.5, 1.5), 2)
        return sl, round(sl * self._random.uniform(1.0, 2.0), 2)

    def _terms(self, symbol: str, daemon: Daemon) -> str:
        (candle,) = daemon.get(f"/api/candles/{symbol}?timeframe=1h&limit=1")["candles"]
        px = candle["close"] * (1 - self._random.uniform(-0.001, 0.015))
        sl, tp = self._levels()
        return f"entry_px={px:.6g}&sl_pct={sl}&tp_pct={tp}&ttl_hours={self._random.uniform(0.5, 6):.2f}"


def asked(daemon: Daemon, request: Request, life: int) -> Note:
    """Send a request, and return what came of it."""
    sent_at = time.time()
    headers = {"Idempotency-Key": request.key} if request.key else {}
    status, body = CUT_OFF, None
    with suppress(*AWAY):
        status, body = daemon.call(request.method, request.path, request.body, **headers)
    return Note(life, request, sent_at, time.time(), status, body)


def told(daemon: Daemon, request: Request) -> tuple[int, Any, bool]:
    """The status and the body of a repeat, and whether it says that it is one."""
    key = {"Idempotency-Key": request.key}
    status, body, headers = daemon.exchange(request.method, request.path, request.body, **key)
    return status, body, headers["Idempotent-Replayed"] == "true"

"""What the released daemon is made to do before the current one takes its folder: all of it by its own HTTP routes.

What no route can bring about is done by hand in the files while no daemon runs: an owner who takes coins away, and a
process that died before it kept an answer.
"""

from __future__ import annotations

import shutil
import signal
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass
from email.message import Message
from pathlib import Path
from typing import Any

from tests.process import Daemon, serving
from tests.released import candles, venue

FAST = 1200  # a candle of 15 minutes in less than a second
SECONDS = 90  # after which what a daemon has not done it never will
MARKET = {
    "OPENTRADER_MR_TIMEFRAME": "15m",
    "OPENTRADER_RISK_COOLDOWN_SEC": "31536000",
    "OPENTRADER_RISK_MAX_TRADES_DAY": "20",
    "OPENTRADER_SIGNAL_TTL_MINUTES": "525600",
    "NUMBA_DISABLE_JIT": "1",  # few candles are analysed: compiling for that would take longer
}
_VOLATILE = {
    "age_sec", "mark_px", "stale", "unprotected_sec", "unrealized_pnl", "unrealized_pnl_pct",
}  # fmt: skip
READS = (
    "/api/license/status",
    "/api/trades",
    "/api/pending-entries",
    "/api/trades/history",
    "/api/trades/stats",
    "/api/signal/list",
    "/api/trend/all",
    "/api/state",
    "/api/audit?limit=500",
)


@dataclass(frozen=True)
class Installation:
    """A data folder and the market that its daemon looks at."""

    folder: Path
    market: Path

    def serving(self, *, tree: Path, speed: float = 1) -> AbstractContextManager[Daemon]:
        """A daemon that runs the code of this tree."""
        settings = {**MARKET, "OPENTRADER_FEED": f"files:{self.market}", "PYTHONPATH": str(tree)}
        return serving(self.folder, "--speed", str(speed), tree=tree, **settings)

    def copied(self, folder: Path) -> Installation:
        return Installation(Path(shutil.copytree(self.folder, folder)), self.market)


@dataclass(frozen=True)
class Request:
    """A POST that carries a key."""

    path: str
    key: str

    def sent(self, daemon: Daemon) -> tuple[Message, Any]:
        """The headers and the body of its answer, which has to be a good one."""
        status, body, headers = daemon.exchange("POST", self.path, **{"Idempotency-Key": self.key})
        assert status == 200, body
        return headers, body


Answers = dict[Request, Any]


@dataclass(frozen=True)
class Ended:
    """A folder whose daemon has ended, what that told last, and its answers to the requests that carried a key."""

    installation: Installation
    told: dict[str, Any]
    answers: Answers


def buy(coin: str, sl: float = 30, tp: float = 60) -> str:
    return f"/api/trade?symbol={coin}&direction=buy&bot=test&sl={sl}&tp={tp}&ev=30&confidence=9"


OPEN_BTC = Request(buy("BTC"), "finished")
CLOSE_ALL = Request("/api/closeall", "closed-all")
CLOSE_ADA = Request("/api/close?symbol=ADA", "closed")
WAIT_ETH = Request(
    "/api/trade/manual?symbol=ETH&direction=buy&entry_px=80&sl_pct=10&rr=1:2&ttl_hours=8760",
    "cut-off",
)


def live(installation: Installation, tree: Path) -> Answers:
    """The whole life of the folder but its end; the answers to the requests that carried a key."""
    with installation.serving(tree=tree) as daemon:
        answers = _trade(daemon)
        _work(daemon)
        assert daemon.stop() == 0
    coins = venue.withdraw(installation.folder, "BNB", _now_ms())
    with installation.serving(tree=tree, speed=FAST) as daemon:
        until(lambda: _moved(daemon))
        assert daemon.stop() == 0
    venue.give_back(installation.folder, "BNB", coins, _now_ms())
    _cut_off(installation.folder)
    with installation.serving(tree=tree) as daemon:
        daemon.post("/api/halt?reason=maintenance&cancel_pending=false")
        assert daemon.stop() == 0
    return answers


def end(installation: Installation, tree: Path, how: signal.Signals, answers: Answers) -> Ended:
    """Start the released daemon once more, hear what it tells and end it."""
    with installation.serving(tree=tree) as daemon:
        until(lambda: labels(daemon)["BTCUSDT"] == "protected")
        last = told(daemon)
        daemon.stop(how)
    return Ended(installation, last, answers)


def told(daemon: Daemon) -> dict[str, Any]:
    """All that the folder holds, as the API shows it."""
    return {path: said(daemon, path) for path in READS}


def said(daemon: Daemon, path: str) -> Any:
    """One answer, without what changes by itself."""
    return _steady({**daemon.get(path), "ts": None})  # `ts` is now


def labels(daemon: Daemon) -> dict[str, str]:
    return {trade["symbol"]: trade["state"] for trade in daemon.get("/api/trades")["trades"]}


def until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SECONDS
    while not holds():
        assert time.monotonic() < deadline, "it does not come to that"
        time.sleep(0.1)


def _trade(daemon: Daemon) -> Answers:
    """Trades that will stay, trail, be stopped out, be quarantined, be closed, and one put in by hand."""
    daemon.post("/api/license/register", {"email": "me@example.com", "name": "Me"})
    none_open = CLOSE_ALL.sent(daemon)[1]
    for coin in (candles.RISING, candles.FALLING):
        daemon.post(buy(coin, sl=2, tp=30))
    for coin in ("BNB", "ADA"):
        daemon.post(buy(coin))
    by_hand = {"symbol": "AVAXUSDT", "direction": "buy", "size": 1.5, "entry_px": 100, "sl_px": 90, "tp_px": 120}
    daemon.post("/api/trades/restore", by_hand)
    return {CLOSE_ALL: none_open, **{request: request.sent(daemon)[1] for request in (OPEN_BTC, CLOSE_ADA, WAIT_ETH)}}


def _work(daemon: Daemon) -> None:
    """Signals, a card and a trend: what agents leave in the folder."""
    signalled = {"direction": "buy", "bot": "mr_combined", "price": 100.0, "sl_pct": 3.0, "tp_pct": 7.0}
    for coin in ("ETH", "DOGE"):
        daemon.post("/api/signal", {"symbol": f"{coin}USDT", **signalled, "passed": 5, "total": 7})
    daemon.post("/api/signal/DOGEUSDT/reject")
    daemon.post("/api/agent/coo", {"status": "running", "action": "day trading scan"})
    score = {"uptrend": 5, "downtrend": 0, "sideway": 2}
    trend = {"symbol": "BTC", "trend": "uptrend", "timeframe": "1h", "source": "trend_scan", "type": "crypto"}
    daemon.post("/api/trend/BTC", {**trend, "score": score, "indicators": {}, "timestamp": 1_714_216_800})


def _moved(daemon: Daemon) -> bool:
    """Whether the market has gone where it goes, and the daemon has done all that follows from it."""
    trades = {trade["symbol"]: trade for trade in daemon.get("/api/trades")["trades"]}
    raised = trades["SOLUSDT"]["trailing"] and trades["SOLUSDT"]["state"] == "protected"
    return raised and "XRPUSDT" not in trades and trades["BNBUSDT"]["state"] == "quarantine"


def _cut_off(folder: Path) -> None:
    """As if the process had died before it kept its answer to a request that was carried out."""
    with venue.changing(folder / "opentrader.db") as connection:
        connection.execute(
            "UPDATE idempotency SET state = 'running', status = NULL, body = NULL WHERE key = ?", (WAIT_ETH.key,)
        )
        assert connection.changes() == 1


def _steady(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _steady(one) for name, one in value.items() if name not in _VOLATILE}
    return [_steady(one) for one in value] if isinstance(value, list) else value


def _now_ms() -> int:
    return int(time.time() * 1000)

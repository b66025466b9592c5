"""A folder that a released daemon has left, killed or stopped: the current code starts on it and goes on."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.paths import REPOSITORY
from tests.process import Daemon
from tests.released import story, venue
from tests.released.story import CLOSE_ADA, CLOSE_ALL, OPEN_BTC, WAIT_ETH, Ended, Request, buy, labels, told

LICENSE_KEY = "OT-CFFR-G32F-9KXR-8T3A"  # issued by that commit for the address that the story registers

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]


def test_the_current_daemon_goes_on_with_a_released_folder(ended: Ended) -> None:
    folder = ended.installation.folder
    placed = venue.orders(folder)
    audit_is_whole(folder)  # before a trade is written anew, and again after
    with ended.installation.serving(tree=REPOSITORY) as daemon:
        everything_is_as_it_was(daemon, ended)
        license_is_genuine(daemon)
        keys_are_answered(daemon, ended)
        looks_change_nothing(daemon)
        assert venue.orders(folder) == placed
        entries_are_barred_as_before(daemon)
        trading_goes_on(daemon, folder)
        assert daemon.stop() == 0
    audit_is_whole(folder)
    with ended.installation.serving(tree=REPOSITORY) as daemon:
        assert labels(daemon) == {}
        assert len(daemon.get("/api/trades/history")["trades"]) == 7


def everything_is_as_it_was(daemon: Daemon, ended: Ended) -> None:
    """The same trades, entries, ids, stops, license, signals, cards, history; and a quarantine that is told."""
    assert like(told(daemon), ended.told) == ended.told
    status = daemon.get("/api/status")
    assert (status["halted"], status["halt_reason"]) == (True, "maintenance")
    assert labels(daemon) == {
        "AVAXUSDT": "restored",
        "BNBUSDT": "quarantine",
        "BTCUSDT": "protected",
        "SOLUSDT": "protected",
    }
    (stuck,) = (trade["id"] for trade in daemon.get("/api/trades")["trades"] if trade["symbol"] == "BNBUSDT")
    assert any(stuck in line and "quarantine" in line for line in daemon.logged().splitlines())


def license_is_genuine(daemon: Daemon) -> None:
    assert daemon.get("/api/health")["license_status"] == "active"
    assert daemon.post("/api/license/activate", {"license_key": LICENSE_KEY})["license_status"] == "active"


def keys_are_answered(daemon: Daemon, ended: Ended) -> None:
    """Those whose answer was kept, and one whose answer was not: it finds the entry that its request made."""
    for request in (OPEN_BTC, CLOSE_ADA, CLOSE_ALL):
        assert replayed(daemon, request) == ended.answers[request]
    found, made = (body["entry"] for body in (replayed(daemon, WAIT_ETH), ended.answers[WAIT_ETH]))
    assert like(found, made) == made


def replayed(daemon: Daemon, request: Request) -> Any:
    headers, body = request.sent(daemon)
    assert headers["Idempotent-Replayed"] == "true"
    return body


def looks_change_nothing(daemon: Daemon) -> None:
    """What the exchange shows is what is known: nothing to rebuild, to import, to fill, or to raise."""
    shown = [story.said(daemon, path) for path in ("/api/trades", "/api/pending-entries")]
    looks = {"trades/recover": "recovered", "pending-entries/recover": "recovered", "trades/sync": "synced"}
    assert {look: daemon.post(f"/api/{look}")[count] for look, count in looks.items()} == dict.fromkeys(looks, 0)
    checked, trailed = (daemon.post(f"/api/{look}") for look in ("pending-entries/check", "trailing"))
    assert (checked["still_pending"], checked["failed"]) == (1, [])
    assert (trailed["checked"], trailed["updated"], trailed["failed"]) == (2, [], [])
    assert [story.said(daemon, path) for path in ("/api/trades", "/api/pending-entries")] == shown


def entries_are_barred_as_before(daemon: Daemon) -> None:
    """By the halt, and after it by the cooldown of the pair that was stopped out."""
    assert refusal(daemon, buy("DOGE")) == "trading_halted"
    daemon.post("/api/resume")
    assert refusal(daemon, buy("XRP")) == "risk_limit"


def refusal(daemon: Daemon, path: str) -> str:
    status, body = daemon.call("POST", path)
    assert status >= 400, body
    return str(body["code"])


def trading_goes_on(daemon: Daemon, folder: Path) -> None:
    """Close, sell what is quarantined, take the entry back, open a trade, close all: nothing of ours is left open."""
    for coin in ("BTC", "BNB"):
        assert daemon.post(f"/api/close?symbol={coin}")["count"] == 1
        assert venue.open_cids(folder, f"{coin}USDT") == []
    (entry,) = daemon.get("/api/pending-entries")["pending"]
    assert venue.open_cids(folder, "ETHUSDT") == [entry["client_order_id"]]
    assert daemon.call("DELETE", f"/api/pending-entries/{entry['id']}")[0] == 200
    assert venue.open_cids(folder, "ETHUSDT") == []
    assert daemon.post(buy("DOGE", sl=5))["trade"]["protection"] == "oco"
    assert daemon.post("/api/closeall")["count"] == 3
    assert venue.open_cids(folder) == []


def audit_is_whole(folder: Path) -> None:
    verify = [sys.executable, "-m", "opentrader", "audit", "verify", "--data-dir", str(folder)]
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("OPENTRADER_")}
    done = subprocess.run(verify, check=False, cwd=REPOSITORY, env=inherited, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr


def like(said: Any, before: Any) -> Any:
    """What is said now, without fields that an older version did not know."""
    if isinstance(said, dict) and isinstance(before, dict):
        return {name: like(said[name], before[name]) for name in before if name in said}
    if isinstance(said, list) and isinstance(before, list) and len(said) == len(before):
        return [like(new, old) for new, old in zip(said, before, strict=True)]
    return said

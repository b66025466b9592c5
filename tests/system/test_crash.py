"""Killed without warning, and started again: the same trades, the same orders, nothing placed twice."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import apsw

SYMBOLS = ("BTC", "ETH", "BNB", "SOL", "XRP")
CHANGING = ("mark_px", "unrealized_pnl", "unrealized_pnl_pct", "unprotected_sec")


def open_everything(daemon: Any) -> None:
    """Five trades with wide stops, and three LIMIT entries far below the market."""
    for symbol in SYMBOLS:
        daemon.post(f"/api/trade?symbol={symbol}&direction=buy&bot=test&sl=30&tp=60&ev=30&confidence=9")
    for symbol in SYMBOLS[:3]:
        last = daemon.get(f"/api/candles/{symbol}?limit=1")["candles"][0]["close"]
        px = float(f"{last * 0.7:.4g}")
        daemon.post(f"/api/trade/manual?symbol={symbol}&direction=buy&entry_px={px}&sl_pct=10&rr=1:2")


def state(daemon: Any) -> tuple[list[Any], list[Any]]:
    trades = [{k: v for k, v in t.items() if k not in CHANGING} for t in daemon.get("/api/trades")["trades"]]
    return trades, daemon.get("/api/pending-entries")["pending"]


def orders(folder: Path) -> list[Any]:
    """What the venue's own ledger holds, beside the market's course."""
    connection = apsw.Connection(str(folder / "paper.db"), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return sorted(connection.execute("SELECT cid, status FROM orders"))
    finally:
        connection.close()


def settle(daemon: Any, count: int = 5) -> None:
    """Wait until every trade is looked at and protected again."""
    for _ in range(600):
        trades = daemon.get("/api/trades")["trades"]
        if len(trades) == count and all(t["protection"] == "oco" and t["state"] == "protected" for t in trades):
            return
        time.sleep(0.1)
    raise AssertionError(daemon.get("/api/trades"))


def test_ten_kills_leave_trades_entries_and_protection_as_they_were(daemon: Any, tmp_path: Path) -> None:
    open_everything(daemon)
    settle(daemon)
    before, placed = state(daemon), orders(tmp_path / "data")
    assert (len(before[0]), len(before[1])) == (5, 3)
    for _ in range(10):
        daemon.kill()
        daemon.start()
        settle(daemon)
        assert state(daemon) == before
    assert orders(tmp_path / "data") == placed
    assert daemon.get("/api/status")["trades_today"] == 5


def test_with_the_store_lost_trades_and_entries_come_back_from_the_venue(daemon: Any, tmp_path: Path) -> None:
    open_everything(daemon)
    settle(daemon)
    (trades, entries), placed = state(daemon), orders(tmp_path / "data")
    daemon.kill()
    for file in (tmp_path / "data").glob("opentrader.db*"):
        file.unlink()
    daemon.start()
    assert daemon.get("/api/trades/recover")["ok"]  # the start has looked already; asking again changes nothing
    assert daemon.get("/api/pending-entries/recover")["ok"]
    found, waiting = state(daemon)
    told = ("symbol", "direction", "size", "sl_px", "tp_px", "sl_oid", "tp_oid")
    assert [[t[k] for k in told] for t in by_symbol(found)] == [[t[k] for k in told] for t in by_symbol(trades)]
    told = ("symbol", "client_order_id", "order_id", "entry_px", "size", "expires_at", "status")
    assert [[e[k] for k in told] for e in by_symbol(waiting)] == [[e[k] for k in told] for e in by_symbol(entries)]
    assert orders(tmp_path / "data") == placed


def by_symbol(rows: list[Any]) -> list[Any]:
    return sorted(rows, key=lambda row: row["symbol"])


def test_a_key_finds_its_outcome_after_a_crash_and_nothing_is_doubled(daemon: Any, tmp_path: Path) -> None:
    path = "/api/trade?symbol=SOL&direction=buy&bot=test&sl=30&tp=60&ev=30&confidence=9"
    key = {"Idempotency-Key": "before-the-crash"}
    opened = daemon.post(path, **key)["trade"]
    daemon.kill()
    connection = apsw.Connection(str(tmp_path / "data" / "opentrader.db"))
    connection.execute(
        "UPDATE idempotency SET state = 'running', status = NULL, body = NULL"
    )  # died before it answered
    connection.close()
    placed = orders(tmp_path / "data")
    daemon.start()
    status, body = daemon.call("POST", path, **key)
    assert (status, body["trade"]["id"], body["trade"]["entry_px"]) == (200, opened["id"], opened["entry_px"])
    assert daemon.call("POST", path, **key)[1]["trade"]["id"] == opened["id"]
    assert orders(tmp_path / "data") == placed


def test_a_key_whose_trade_is_over_opens_no_second_one(daemon: Any, tmp_path: Path) -> None:
    path = "/api/trade?symbol=SOL&direction=buy&bot=test&sl=30&tp=60&ev=30&confidence=9"
    opened = daemon.post(path, **{"Idempotency-Key": "k"})["trade"]
    daemon.post("/api/close?symbol=SOL")
    daemon.kill()
    connection = apsw.Connection(str(tmp_path / "data" / "opentrader.db"))
    connection.execute("UPDATE idempotency SET state = 'running', status = NULL, body = NULL")
    connection.close()
    placed = orders(tmp_path / "data")
    daemon.start()
    status, body = daemon.call("POST", path, **{"Idempotency-Key": "k"})
    assert (status, body["status"], body["intent_id"]) == (200, "closed", opened["id"])
    assert [(row["id"], row["exit_reason"]) for row in body["closed"]] == [(opened["id"], "close")]
    assert orders(tmp_path / "data") == placed
    assert daemon.get("/api/trades")["count"] == 0

"""Input that cannot be meant: refused in full, with its place, and nothing is opened or lost."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from tests.process import TRADER, serving

GOOD = {
    "symbol": "ETH",
    "direction": "buy",
    "bot": "b",
    "sl": "2",
    "tp": "4",
    "ev": "30",
    "confidence": "9",
}
MANUAL = {"symbol": "ETH", "direction": "buy", "entry_px": "2000", "sl_pct": "3", "rr": "1:3"}
NUMBERS = ("0", "-1", "nan", "inf", "-inf", "1e400", "0x10", "2,0", "", " ", "\u0662", "1" * 400, "--1", "1;drop")
SYMBOLS = ("../", "..%2F", "B C", "", "A" * 60, "💰", "BTC\n", "%00", "BTC/USDT/X/Y", "' OR 1=1")
RATIOS = ("1:0", "0:3", "3", "1:", ":3", "1:-3", "a:b", "1:2:3", "1:1000", "", "1:nan", "\u0661:\u0663", "1:1e9")

TRADES = [
    *(("/api/trade", {**GOOD, name: value}, name) for name in ("sl", "tp", "ev") for value in NUMBERS),
    *(("/api/trade", {**GOOD, "symbol": value}, "symbol") for value in SYMBOLS),
    *(("/api/trade", {**GOOD, "confidence": value}, "confidence") for value in (*NUMBERS, "7", "11", "8.5")),
    *(("/api/trade", {**GOOD, "direction": value}, "direction") for value in ("long", "hold", "", "BUYY", "buy\n")),
    ("/api/trade", {**GOOD, "tp": "0.1"}, "tp"),
    ("/api/trade", {**GOOD, "bot": "b" * 10_000}, "bot"),
    ("/api/trade", {**GOOD, "leverage": "20"}, "leverage"),
    *(("/api/trade/manual", {**MANUAL, "rr": value}, "rr") for value in RATIOS),
    *(("/api/trade/manual", {**MANUAL, n: v}, n) for n in ("entry_px", "sl_pct", "ttl_hours") for v in NUMBERS),
]


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with serving(tmp_path_factory.mktemp("bad") / "data", **TRADER) as daemon:
        yield daemon
        assert daemon.get("/api/trades")["count"] == 0
        assert daemon.get("/api/pending-entries")["count"] == 0
        assert daemon.get("/api/portfolio")["equity"] == 10_000
        assert daemon.stop() == 0


@pytest.mark.parametrize(("path", "given", "where"), TRADES, ids=range(len(TRADES)))
def test_a_bad_value_is_refused_where_it_stands(running: Any, path: str, given: dict[str, str], where: str) -> None:
    query = "&".join(f"{name}={quote(value)}" for name, value in given.items())
    status, body = running.call("POST", f"{path}?{query}")
    assert status == 422, body
    assert where in {fault["loc"][-1] for fault in body["detail"]}, body


@pytest.mark.parametrize("twice", ["symbol=BTC", "sl=3", "confidence=9"])
def test_a_parameter_given_twice_is_refused(running: Any, twice: str) -> None:
    query = "&".join(f"{name}={value}" for name, value in GOOD.items())
    assert running.call("POST", f"/api/trade?{query}&{twice}")[0] == 422


@pytest.mark.parametrize("body", [[], "x", 5, None, {"status": []}, {"status": "idle", "action": 3}])
def test_a_bad_body_is_refused(running: Any, body: Any) -> None:
    assert running.call("POST", "/api/agent/coo", body)[0] == 422


@pytest.mark.parametrize("path", ["/api/trades/history", "/api/audit"])
@pytest.mark.parametrize("offset", [2**63, 10**20, 10**400])
def test_a_number_that_no_store_holds_is_refused(running: Any, path: str, offset: int) -> None:
    """Three of them used to end the daemon: each killed the actor that reads the store."""
    for _ in range(4):
        status, body = running.call("GET", f"{path}?offset={offset}")
        assert (status, body["detail"][0]["loc"]) == (422, ["query", "offset"])
    assert running.call("GET", f"{path}?offset={2**63 - 1}")[0] == 200

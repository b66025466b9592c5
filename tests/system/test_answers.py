"""What callers read: exact numbers, the right parameter in every fault, who did what. Over real HTTP."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from opentrader.actors.messages import validation
from tests.fakes.site import Site, code
from tests.system.venue import TRADE, Venue
from tests.waiting import PATIENCE_SECONDS

MANUAL = "/api/trade/manual?symbol=SOL&direction=buy&entry_px={}&sl_pct={}&{}"


async def below(venue: Venue, percent: float) -> float:
    ticker = await venue.exchange.ticker("SOLUSDT")
    return round(float(ticker.last) * (1 - percent / 100), 2)


async def test_a_target_by_ratio_is_exact(site: Site, venue: Venue) -> None:
    path = MANUAL.format(await below(venue, 2), 3, "rr=1:1.1")
    answer = await site.send("POST", path)
    entry = answer.json()["entry"]
    assert (answer.status, entry["tp_pct"], entry["sl_pct"]) == (200, 3.3, 3.0)


@pytest.mark.parametrize(
    ("path", "loc"),
    [
        (MANUAL.format("{px}", 0.5, "rr=3:1"), "rr"),
        (MANUAL.format("{px}", 0.5, "tp_pct=0.1"), "tp_pct"),
        (MANUAL.format("{px}", 0.009, "tp_pct=5"), "sl_pct"),
        (MANUAL.format("{px}", 1e-300, "tp_pct=5"), "sl_pct"),
        (TRADE.format("SOL").replace("tp=60", "tp=0.1"), "tp"),
        (TRADE.format("SOL").replace("sl=30", "sl=0.001"), "sl"),
        (TRADE.format("SOL").replace("ev=30", "ev=30_0"), "ev"),
    ],
)
async def test_a_fault_names_the_parameter_that_was_given(site: Site, venue: Venue, path: str, loc: str) -> None:
    answer = await site.send("POST", path.replace("{px}", str(await below(venue, 2))))
    faults = answer.json()["detail"]
    assert (answer.status, [fault["loc"] for fault in faults]) == (422, [["query", loc]])
    assert all(len(fault["msg"]) < 200 for fault in faults)
    assert venue.entries() == 0


async def test_a_symbol_that_is_not_traded_is_not_found_whichever_way(site: Site) -> None:
    for direction in ("buy", "sell"):
        answer = await site.send("POST", TRADE.format("NOPE").replace("buy", direction))
        assert code(answer) == (404, "symbol_not_found")
    answer = await site.send("POST", TRADE.format("SOL").replace("buy", "sell"))
    assert code(answer) == (409, "no_position")


async def test_a_body_without_use_may_not_be_large_either(site: Site, venue: Venue) -> None:
    answer = await site.send("POST", TRADE.format("SOL"), data=b"x" * 70_000)
    assert code(answer) == (413, "body_too_large")
    assert venue.entries() == 0


async def test_the_card_of_an_agent_shows_what_it_does_with_money(site: Site) -> None:
    await site.send("POST", TRADE.format("SOL") + "&agent=coo")
    await site.send("POST", "/api/close?symbol=DOGE&agent=finance")
    cards = {"finance": "error", "coo": "idle"}
    async with asyncio.timeout(PATIENCE_SECONDS):  # the card is told beside the answer
        while True:
            agents = (await site.send("GET", "/api/state")).json()["agents"]
            if all(agents[agent]["status"] == status for agent, status in cards.items()):
                break
    assert (agents["coo"]["status"], agents["coo"]["action"]) == ("idle", "trade buy SOLUSDT done")
    assert agents["finance"]["status"] == "error"
    assert "no open position in DOGEUSDT" in agents["finance"]["action"]


async def test_the_audit_log_knows_one_spelling(site: Site) -> None:
    await site.send("POST", TRADE.format("sol"))
    for spelling in ("SOL", "sol", "SOLUSDT", "SOL/USDT"):
        answer = await site.send("GET", f"/api/audit?symbol={spelling}")
        assert (answer.status, [entry["symbol"] for entry in answer.json()["entries"]]) == (200, ["SOLUSDT"])
    assert (await site.send("GET", "/api/audit?symbol=NOPE")).json()["entries"] == []


async def test_what_http_has_parsed_is_not_validated_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    checked, honest = list[str](), validation._checked

    def counted(kind: Any, given: object) -> Any:
        checked.append(kind.__name__)
        return honest(kind, given)

    monkeypatch.setattr(validation, "_checked", counted)
    await site.send("GET", "/api/explain/BTC")
    await site.send("GET", "/api/signal/BTC")
    await site.send("POST", MANUAL.format(1, 3, "rr=1:1"))
    assert checked == ["ExplanationOf", "SignalOf", "PlaceManual"]

"""The curls that a newcomer copies, in their order, against the whole system on the paper exchange."""

from __future__ import annotations

import re
from pathlib import Path

from tests.fakes.site import Site
from tests.system.venue import Venue

SIGNAL = (
    '{"symbol":"ETHUSDT","direction":"buy","bot":"mr_combined","price":2450.5,"sl_pct":3.0,"tp_pct":7.0,'
    '"passed":5,"total":7}'
)
CURLS: tuple[tuple[str, str, str, int], ...] = (
    ("GET", "/api/health", "", 200),
    ("GET", "/api/license/status", "", 200),
    ("POST", "/api/trade?symbol=ETHUSDT&direction=buy&bot=mr_combined&sl=2.0&tp=4.0&ev=31.5&confidence=9", "", 200),
    ("POST", "/api/trade/manual?symbol=ETHUSDT&direction=buy&entry_px=2450.0&sl_pct=3.0&rr=1:3&agent=coo", "", 200),
    ("GET", "/api/pending-entries", "", 200),
    ("GET", "/api/pending-entries/check?agent=finance", "", 200),
    ("GET", "/api/pending-entries/recover", "", 200),
    ("GET", "/api/trailing?agent=tech", "", 200),
    ("GET", "/api/status", "", 200),
    ("POST", "/api/close?symbol=BTC", "", 404),  # there is no such position
    ("POST", "/api/closeall", "", 200),
    ("POST", "/api/reset-daily", "", 200),
    ("POST", "/api/mr-combined/scan-and-signal?agent=scout", '{"symbols":["BTC","ETH"]}', 200),
    ("GET", "/api/trend/BTC?timeframe=1h", "", 200),
    ("GET", "/api/trend/BTC?timeframe=1w", "", 200),
    ("GET", "/api/trend/all?timeframe=4h", "", 200),
    ("GET", "/api/trend/scan?timeframe=1d&agent=tech", "", 200),
    ("GET", "/api/market/BTC?mtf_tf=4h", "", 200),
    ("GET", "/api/market/scan?mtf_tf=4h&agent=tech", "", 200),
    ("GET", "/api/market/all", "", 200),
    ("GET", "/api/market/all?stale=false", "", 200),
    ("GET", "/api/trades", "", 200),
    ("GET", "/api/trades/history?limit=20&offset=0", "", 200),
    ("GET", "/api/trades/stats", "", 200),
    ("POST", "/api/trades/sync", "", 200),
    ("GET", "/api/trades/recover", "", 200),
    ("POST", "/api/signal", SIGNAL, 200),
    ("GET", "/api/signal/list", "", 200),
    ("GET", "/api/signal/pending", "", 200),
    ("GET", "/api/signal/ETHUSDT", "", 200),
    ("POST", "/api/signal/ETHUSDT/confirm", "", 200),
    ("POST", "/api/signal/ETHUSDT/reject", "", 409),  # it was confirmed
    ("POST", "/api/signal/cleanup?max_age_minutes=5", "", 200),
)


async def test_each_answers_as_the_contract_says(site: Site, venue: Venue) -> None:
    for method, path, body, status in CURLS:
        headers = {"Content-Type": "application/json"} if body else {}
        answer = await site.send(method, path, data=body or None, headers=headers)
        assert answer.status == status, (path, answer.body)
    assert venue.entries() == 1


def test_none_of_the_reference_is_missing(shared: Path) -> None:
    text = (shared / "api" / "reference.txt").read_text()
    section = text[text.rindex("Quick curl") :]
    told = re.findall(r'curl (?:-X (\w+) )?"\$BASE([^"]+)"', section)
    assert [(method or "GET", path) for method, path in told] == [(method, path) for method, path, _, _ in CURLS]

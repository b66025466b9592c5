"""The table of routes: one row a message, one name an operation, and the fingerprint that each release stores."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.domain.trading.ledger import fingerprint
from opentrader.http.routes import ROUTES

OPENED = {"symbol": "BTCUSDT", "direction": "buy", "bot": "test", "sl": 2.0, "tp": 4.0, "ev": 30.0, "confidence": 9}


def test_every_message_has_one_row_and_operations_are_named_once() -> None:
    names = [route.operation for route in ROUTES]
    assert len(names) == len(set(names))
    assert all((route.message is None) != (route.page is None) for route in ROUTES)


@pytest.mark.parametrize(
    ("path", "query", "hashed"),
    [
        ("/api/close", {"symbol": "BTC"}, {"symbol": "BTCUSDT", "agent": "ops"}),
        ("/api/closeall", {}, {"agent": "ops"}),
        ("/api/closeall", {"cancel_pending": "false"}, {"agent": "ops"}),
        ("/api/closeall", {"cancel_pending": "true"}, {"agent": "ops", "cancel_pending": True}),
        ("/api/trade", OPENED, {**OPENED, "agent": "ops", "idem_key": ""}),
    ],
)
async def test_a_fingerprint_is_the_one_that_the_first_release_stored(
    site: Any, system: Any, path: str, query: dict[str, Any], hashed: dict[str, Any]
) -> None:
    """A data folder that is upgraded keeps its keys: the repeat of a request is not taken for another one."""
    for message in (messages.ClosePosition, messages.CloseAll, messages.ExecuteTrade):
        system.answers[message] = messages.ClosedReply("BTCUSDT", (), 0, "C1")
    sent = f"{path}?" + "&".join(f"{name}={value}" for name, value in query.items())
    assert (await site.send("POST", sent, headers={"Idempotency-Key": "k-1"})).status == 200
    (kept,) = system.idempotency.keys.values()
    assert kept.reservation.fingerprint == fingerprint("POST", path, hashed)

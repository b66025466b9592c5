"""Requests that change something, as a client sends them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count, cycle

from bench.processes.client import Request

COINS = (
    *("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "AVAX"),
    *("LINK", "DOT", "LTC", "TRX", "UNI", "ATOM", "NEAR", "ARB"),
)
"""What the simulated market lists."""


def signals() -> Iterator[Request]:
    """Signals without end, none like the one before for the same coin: each is stored."""
    for coin, number in zip(cycle(COINS), count(1)):
        yield (
            "POST",
            "/api/signal",
            {
                "symbol": f"{coin}USDT",
                "direction": "buy",
                "bot": "mr_combined",
                "price": 100 + number / 100,
                "sl_pct": 3.0,
                "tp_pct": 7.0,
                "passed": 5,
                "total": 7,
            },
        )


def trade(coin: str) -> Request:
    """A market entry with a stop and a target."""
    figures = "bot=mr_combined&sl=2.0&tp=4.0&ev=31.5&confidence=9"
    return ("POST", f"/api/trade?symbol={coin}USDT&direction=buy&{figures}", None)


def resting(coin: str, px: float) -> Request:
    """A LIMIT entry that waits at its own price, and its levels should it be filled."""
    return ("POST", f"/api/trade/manual?symbol={coin}USDT&direction=buy&entry_px={px:.6g}&sl_pct=5&tp_pct=10", None)


def close(coin: str) -> Request:
    return ("POST", f"/api/close?symbol={coin}USDT", None)


def card(number: int) -> Request:
    """A change of an agent's card."""
    return ("POST", "/api/agent/coo", {"name": "coo", "status": "running", "action": f"change {number}"})

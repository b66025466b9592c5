"""What the venue refuses, word for word."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from opentrader.domain.symbols import Listing
from opentrader.exchange.paper.matching.filters import usual_filters
from opentrader.exchange.refusals import reason_of

D = Decimal
MANDATORY = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
UNWANTED = "Parameter '{}' sent when not required."
ILLEGAL = "Illegal characters found in parameter 'newClientOrderId'; legal range is '^[a-zA-Z0-9-_]{1,36}$'."

# the order, what it is told
REFUSED = [
    (("buy", "LIMIT", 1, "100.001"), {}, -1013, "Filter failure: PRICE_FILTER"),
    (("sell", "STOP_LOSS", 1, None, "95.001"), {}, -1013, "Filter failure: PRICE_FILTER"),
    (("buy", "LIMIT", "1.000001", 90), {}, -1013, "Filter failure: LOT_SIZE"),
    (("buy", "MARKET", "0.000001"), {}, -1013, "Filter failure: LOT_SIZE"),
    (("buy", "LIMIT", "0.05", "99.99"), {}, -1013, "Filter failure: NOTIONAL"),
    (("buy", "MARKET", "0.04999"), {}, -1013, "Filter failure: NOTIONAL"),
    (("sell", "STOP_LOSS", "0.05", None, 95), {}, -1013, "Filter failure: NOTIONAL"),
    (("buy", "LIMIT", 1, "500.01"), {}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    (("sell", "LIMIT", 1, "19.99"), {}, -1013, "Filter failure: PERCENT_PRICE_BY_SIDE"),
    (("buy", "LIMIT", "1.123456789", 90), {}, -1111, "Parameter 'quantity' has too much precision."),
    (("buy", "LIMIT", 1, "90.123456789"), {}, -1111, "Parameter 'price' has too much precision."),
    (("buy", "LIMIT", "1e400", 90), {}, -1108, "Parameter 'quantity' overflowed."),
    (("buy", "LIMIT", 1), {}, -1102, MANDATORY.format("price")),
    (("buy", "LIMIT", 1, "NaN"), {}, -1102, MANDATORY.format("price")),
    (("buy", "LIMIT", 1, 0), {}, -1102, MANDATORY.format("price")),
    (("buy", "LIMIT", "-1", 90), {}, -1102, MANDATORY.format("quantity")),
    (("sell", "STOP_LOSS_LIMIT", 1, 90), {}, -1102, MANDATORY.format("stopPrice")),
    (("buy", "MARKET", 1, 90), {}, -1106, UNWANTED.format("price")),
    (("sell", "LIMIT", 1, 110, 95), {}, -1106, UNWANTED.format("stopPrice")),
    (("sell", "LIMIT_MAKER", 1, 110), {"time_in_force": "IOC"}, -1106, UNWANTED.format("timeInForce")),
    (("buy", "MARKET", 1), {"cid": ""}, -1100, ILLEGAL),
    (("buy", "MARKET", 1), {"cid": "x" * 37}, -1100, ILLEGAL),
    (("buy", "MARKET", 1), {"cid": "a b"}, -1100, ILLEGAL),
    (("buy", "MARKET", 1), {"cid": "ä"}, -1100, ILLEGAL),
    (("buy", "MARKET", 1), {"symbol": "NONEUSDT"}, -1121, "Invalid symbol."),
    (("buy", "MARKET", 101), {}, -2010, "Account has insufficient balance for requested action."),
    (("buy", "LIMIT", "111.12", 90), {}, -2010, "Account has insufficient balance for requested action."),
]


@pytest.mark.parametrize(("order", "more", "code", "text"), REFUSED)
async def test_refusals(
    scene: Any, refusal: Any, order: tuple[Any, ...], more: dict[str, Any], code: int, text: str
) -> None:
    assert refusal(await scene.send(*order, **more)) == (code, text)
    assert await scene.exchange.orders("BTCUSDT", 0) == ()


async def test_what_is_just_within_the_rules_is_taken(scene: Any) -> None:
    await scene.place("buy", "LIMIT", "0.05", 100)
    await scene.place("buy", "LIMIT", "0.5", 20)
    await scene.place("sell", "LIMIT", "0.5", 500)
    await scene.place("buy", "LIMIT", 1, "90.10000000", cid="x" * 36)
    await scene.place("buy", "MARKET", 70)


async def test_a_request_must_arrive_within_its_window(scene: Any, refusal: Any) -> None:
    now = scene.clock.now_ms
    old = await scene.send("buy", "MARKET", 1, sent_at=now - 3_001)
    assert refusal(old) == (-1021, "Timestamp for this request is outside of the recvWindow.")
    early = await scene.send("buy", "MARKET", 1, sent_at=now + 1_000)
    assert refusal(early) == (-1021, "Timestamp for this request was 1000ms ahead of the server's time.")
    assert old.reason == early.reason == "clock"
    for at in (now - 3_000, now + 999):
        await scene.place("buy", "MARKET", 1, sent_at=at)


async def test_no_price_yet_means_a_closed_market(scene: Any, refusal: Any) -> None:
    scene.clock.now_ms -= 60_000
    assert refusal(await scene.send("buy", "MARKET", 1)) == (-1013, "Market is closed.")


async def test_the_number_of_orders_is_limited(opening: Any, refusal: Any) -> None:
    scene = await opening(terms={"most_orders": 2})
    for px in (90, 91):
        await scene.place("buy", "LIMIT", 1, px)
    assert refusal(await scene.send("buy", "LIMIT", 1, 92)) == (-2010, "Filter failure: MAX_NUM_ORDERS")
    assert (await scene.place("buy", "MARKET", 1)).status == "FILLED"


async def test_a_venue_need_not_offer_stops_at_market(opening: Any, refusal: Any) -> None:
    scene = await opening(terms={"market_stops": False})
    outcome = await scene.exchange.place_list(scene.new_list(1, 95, 110))
    assert refusal(outcome) == (-1013, "Stop loss orders are not supported for this symbol.")
    assert (await scene.exchange.filters("BTCUSDT")).stop_type == "STOP_LOSS_LIMIT"
    assert (await scene.protect(1, 95, 110, 94)).executing


@pytest.mark.parametrize(
    ("symbol", "price", "tick", "step"),
    [
        ("BTCUSDT", "62000", "0.01", "0.00001"),
        ("DOGEUSDT", "0.12", "0.00001", "1"),
        ("NEWUSDT", "5.2", "0.0001", "0.1"),
        ("NEWUSDT", "99999", "1", "0.00001"),
        ("NEWUSDT", "0.00001234", "0.00000001", "10000"),
    ],
)
def test_the_grids_suit_the_price(symbol: str, price: str, tick: str, step: str) -> None:
    filters = usual_filters(Listing(symbol.removesuffix("USDT"), "USDT"), D(price), D("0.001"))
    assert (filters.tick, filters.step, filters.min_qty) == (D(tick), D(step), D(step))


def test_the_smallest_notional_is_in_the_quote_currency() -> None:
    assert usual_filters(Listing("ETH", "BTC"), D("0.05"), D("0.001")).min_notional == D("0.0001")


@pytest.mark.parametrize(
    ("code", "text", "reason"),
    [
        (-2010, "Duplicate order sent.", "duplicate"),
        (-1013, "Filter failure: NOTIONAL", "filter"),
        (-2010, "Filter failure: MAX_NUM_ALGO_ORDERS", "filter"),
        (-2010, "Order would trigger immediately.", "price"),
        (-2010, "This symbol is not permitted for this account.", "other"),
        (-1013, "Market is closed.", "closed"),
        (-2011, "Unknown order sent.", "not_found"),
        (-1021, "Timestamp for this request is outside of the recvWindow.", "clock"),
        (-1003, "Too many requests queued.", "rate"),
        (-1015, "Too many new orders.", "rate"),
        (-2021, "Order cancel-replace partially failed.", "half_done"),
        (-2015, "Invalid API-key, IP, or permissions for action.", "other"),
    ],
)
def test_what_a_refusal_means(code: int, text: str, reason: str) -> None:
    assert reason_of(code, text) == reason

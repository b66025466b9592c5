"""Path, query and body become a message, or a list of everything that is wrong with them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

import pytest
from annotated_types import Gt

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.errors import Fault, InvalidInput
from opentrader.http.params import Parsed, Reader, split_query
from opentrader.http.route import Route
from opentrader.http.routes import ROUTES


@dataclass(frozen=True, slots=True)
class BuySome(Message[None]):
    """A message of a route that moves money."""

    owner: ClassVar[str] = "nobody"
    symbol: messages.Symbol
    share: Annotated[float, Gt(0)]


STRICT = Reader(Route("POST", "/buy", "buy", "Test", BuySome, strict=True), BuySome)
BY_OPERATION = {route.operation: route for route in ROUTES}


def read(operation: str, path: dict[str, str] | None = None, query: str = "", body: Any = None) -> Parsed:
    route = BY_OPERATION[operation]
    assert route.message is not None
    return Reader(route, route.message).read(path or {}, query, body or {})


def refused(operation: str, path: dict[str, str] | None = None, query: str = "", body: Any = None) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        read(operation, path, query, body)
    return caught.value


def places(error: InvalidInput) -> dict[tuple[str | int, ...], str]:
    return {fault.loc: fault.type for fault in error.faults}


def test_values_are_taken_from_where_they_belong() -> None:
    parsed = read("scanAndSignal", query="agent=ops&symbols=ETH", body={"symbols": ["BTC"], "agent": "tech"})
    assert parsed == Parsed(messages.ScanAndSignal(symbols=["BTC"], agent="ops"), ("symbols",))


def test_a_path_value_wins_over_a_body_that_names_it_too() -> None:
    message = read("storeTrend", {"symbol": "BTC"}, body={"symbol": "ETH", "trend": "uptrend"}).message
    assert isinstance(message, messages.StoreTrend)
    assert message.symbol == "BTC"


def test_defaults_hold_for_what_is_left_out() -> None:
    assert read("getCandles", {"symbol": "BTC"}).message == messages.CandlesOf("BTC", "1h", 200)


@pytest.mark.parametrize(
    ("text", "value"), [("1", True), ("0", False), ("yes", True), ("no", False), ("False", False), ("on", True)]
)
def test_a_query_spells_truth_in_many_ways(text: str, value: bool) -> None:
    assert read("listMarkets", query=f"stale={text}").message == messages.MarketRows(stale=value)


def test_all_faults_are_told_at_once() -> None:
    error = refused("getCandles", {"symbol": "B C"}, "timeframe=2h&limit=0")
    assert places(error) == {
        ("path", "symbol"): "string_pattern_mismatch",
        ("query", "timeframe"): "literal_error",
        ("query", "limit"): "greater_than_equal",
    }
    assert {fault.type: fault.ctx for fault in error.faults}["greater_than_equal"] == {"ge": 1}


def test_faults_of_a_body_name_the_way_to_the_value() -> None:
    error = refused("storeTrend", {"symbol": "BTC"}, body={"score": 5, "timestamp": 1714216800000})
    assert {("body", "trend"), ("body", "score"), ("body", "timestamp")} <= places(error).keys()


def test_what_is_missing_does_not_repeat_the_rest() -> None:
    error = refused("registerLicense", body={"name": "Someone"})
    assert [(f.loc, f.type, f.input) for f in error.faults] == [(("body", "email"), "missing", None)]


def test_a_body_that_is_refused_as_a_whole_is_one_fault_beside_those_of_path_and_query() -> None:
    error = refused("storeTrend", {"symbol": "B C"}, body=Fault(("body",), "Field required", "missing"))
    assert places(error) == {("body",): "missing", ("path", "symbol"): "string_pattern_mismatch"}


@pytest.mark.parametrize("value", ["nan", "inf", "-inf", "1e999"])
def test_a_number_is_finite(value: str) -> None:
    assert places(refused("cleanupSignals", query=f"max_age_minutes={value}")) == {
        ("query", "max_age_minutes"): "finite_number"
    }


def test_a_rule_between_two_fields_has_its_place_too() -> None:
    body = {"symbol": "BTC", "direction": "buy", "bot": "x", "passed": 8, "total": 7}
    assert places(refused("postSignal", body=body)) == {("body", "passed"): "value_error"}


@pytest.mark.parametrize(("said", "meant"), [("long", "buy"), ("SHORT", "sell")])
def test_long_and_short_are_refused_with_advice(said: str, meant: str) -> None:
    error = refused("postSignal", body={"symbol": "BTC", "direction": said, "bot": "x"})
    assert f"`{meant}`" in error.hint


def test_unknown_parameters_are_named_once_and_a_repeated_one_counts_last() -> None:
    parsed = read("listTrends", query="timeframe=1d&foo=1&foo=2&_=3&timeframe=4h")
    assert parsed == Parsed(messages.TrendRows("4h"), ("foo",))


def test_an_unknown_parameter_is_named_even_where_nothing_can_be_asked() -> None:
    assert read("getState", query="foo=2") == Parsed(messages.BoardState(), ("foo",))


def test_a_route_that_moves_money_refuses_what_it_might_misunderstand() -> None:
    with pytest.raises(InvalidInput) as caught:
        STRICT.read({}, "symbol=BTC&symbol=ETH&share=0&leverage=20&_=1", {})
    assert places(caught.value) == {
        ("query", "leverage"): "extra_forbidden",
        ("query", "symbol"): "duplicate",
        ("query", "share"): "greater_than",
    }


def test_a_strict_route_takes_a_query_that_is_right() -> None:
    assert STRICT.read({}, "symbol=BTC&share=0.5&_=1", {}).message == BuySome("BTC", 0.5)


def test_a_query_is_decoded() -> None:
    assert split_query("a=x+y%26z&b=", frozenset("ab")).values == {"a": "x y&z", "b": ""}


LARGE = "99999999999999999999999"  # more than JSON's numbers carry; in quotes it passes for an integer


@pytest.mark.parametrize("name", ["passed", "total", "buy_signals", "sell_signals"])
@pytest.mark.parametrize("value", [LARGE, "-" + LARGE, 2**53 + 1])
def test_a_count_that_no_json_can_carry_is_refused(name: str, value: object) -> None:
    signal = {"symbol": "BTC", "direction": "buy", "bot": "b", name: value}
    assert {loc[:2] for loc in places(refused("postSignal", body=signal))} == {("body", name)}


@pytest.mark.parametrize("name", ["uptrend", "downtrend", "sideway"])
@pytest.mark.parametrize("value", [LARGE, 2**53 + 1])
def test_a_score_that_no_json_can_carry_is_refused(name: str, value: object) -> None:
    trend = {"trend": "uptrend", "score": {"uptrend": 1, "downtrend": 1, "sideway": 1} | {name: value}}
    error = refused("storeTrend", {"symbol": "BTC"}, body=trend)
    assert {loc[:3] for loc in places(error)} == {("body", "score", name)}


@pytest.mark.parametrize(
    ("operation", "path", "body", "told"),
    [
        ("registerLicense", {}, {"email": "nobody", "name": "N"}, "should be an e-mail address"),
        ("activateLicense", {}, {"license_key": "OT-1"}, "should be a license key"),
        ("postSignal", {}, {"symbol": "ETH", "direction": "long", "bot": "b"}, "should be buy or sell"),
        ("postSignal", {}, {"symbol": "E T H", "direction": "buy", "bot": "b"}, "should be a market"),
        ("scanAndSignal", {}, {"symbols": ["BTC", "E T H"]}, "should be a market"),
    ],
)
def test_what_a_pattern_refuses_is_told_in_words(
    operation: str, path: dict[str, str], body: dict[str, Any], told: str
) -> None:
    [fault] = refused(operation, path, body=body).faults
    assert fault.type == "string_pattern_mismatch"
    assert fault.msg.startswith(told)


@pytest.mark.parametrize(("operation", "name"), [("openTrade", "idem_key"), ("openManual", "idem_key")])
def test_what_only_the_daemon_sets_is_no_parameter(operation: str, name: str) -> None:
    assert ("query", name) in places(refused(operation, query=f"{name}=x"))

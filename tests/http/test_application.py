"""Methods, paths, headers and bodies: what holds for every route."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
from typing import Any

import orjson
import pytest

from opentrader.actors import messages
from opentrader.errors import (
    AskTimeout,
    ExchangeError,
    NotReady,
    Overloaded,
    ShuttingDown,
    SignalExpired,
    SignalNotFound,
    SignalNotPending,
    StorageError,
)
from opentrader.http import body, connection
from opentrader.http.routes import ROUTES

JSON = {"Content-Type": "application/json"}
IDLE = '{"status":"idle"}'
EXPECTING = (
    b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
)


def code(response: Any) -> tuple[int, str]:
    return response.status, response.json()["code"]


# --- routes and methods ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["//", "/api", "/api/nope", "/api/signal/ETHUSDT/nope", "/api/trend//", "/api/market/list"]
)
async def test_an_unknown_path_is_404(site: Any, path: str) -> None:
    assert code(await site.send("GET", path)) == (404, "not_found")


async def test_the_bare_address_leads_to_the_dashboard(site: Any) -> None:
    response = await site.send("GET", "/", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (302, "/api/dashboard")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/api/health", "GET, HEAD, OPTIONS"),
        ("GET", "/api/signal/cleanup", "POST, OPTIONS"),
        ("POST", "/api/trend/all", "GET, HEAD, OPTIONS"),
        ("POST", "/api/signal/list", "GET, HEAD, OPTIONS"),
        ("PUT", "/api/signal", "POST, OPTIONS"),
        ("POST", "/api/market/BTC", "GET, HEAD, OPTIONS"),
        ("DELETE", "/api/market/scan", "GET, POST, OPTIONS"),
    ],
)
async def test_another_method_is_405_and_the_right_ones_are_named(
    site: Any, method: str, path: str, allow: str
) -> None:
    response = await site.send(method, path)
    assert code(response) == (405, "method_not_allowed")
    assert response.headers["Allow"] == allow


@pytest.mark.parametrize("path", ["/api/market/scan", "/api/trend/scan"])
async def test_a_head_never_acts(site: Any, system: Any, path: str) -> None:
    response = await site.send("HEAD", path)
    assert response.status == 405
    assert system.asked == []


async def test_a_head_is_a_get_without_the_body(site: Any) -> None:
    head, get = await site.send("HEAD", "/api/health"), await site.send("GET", "/api/health")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.body))


async def test_options_names_the_methods(site: Any) -> None:
    response = await site.send("OPTIONS", "/api/signal")
    assert (response.status, response.headers["Allow"], response.body) == (204, "POST, OPTIONS", b"")


async def test_a_trailing_slash_is_the_same_route(site: Any) -> None:
    assert (await site.send("GET", "/api/health/")).status == 200
    assert (await site.send("POST", "/api/agent/coo/", data=IDLE)).status == 200


async def test_a_slash_in_a_symbol_may_be_encoded(site: Any, system: Any) -> None:
    system.answers[messages.SignalOf] = SignalNotFound("none")
    await site.send("GET", "/api/signal/BTC%2FUSDT")
    assert system.asked == [messages.SignalOf("BTC/USDT")]


@pytest.mark.parametrize("word", ["all", "scan", "list", "pending", "cleanup", "%61ll"])
async def test_a_reserved_word_is_never_a_symbol(site: Any, system: Any, word: str) -> None:
    response = await site.send("POST", f"/api/signal/{word}/confirm")
    assert response.status == 404
    assert system.asked == []


# --- headers -----------------------------------------------------------------------------------------------------


async def test_every_answer_says_how_to_treat_it(site: Any) -> None:
    for method, path in (
        ("GET", "/api/health"),
        ("GET", "/api/nope"),
        ("OPTIONS", "/api/health"),
        ("GET", "/api/docs"),
    ):
        response = await site.send(method, path)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Server"] == "opentrader"
        assert response.headers["X-Request-ID"]


async def test_the_request_id_is_echoed_in_header_and_error(site: Any) -> None:
    response = await site.send("GET", "/api/nope", headers={"X-Request-ID": "cc-1"})
    assert response.headers["X-Request-ID"] == response.json()["request_id"] == "cc-1"


@pytest.mark.parametrize("given", ["x" * 129, "a b", "<b>", "", "\u00fc"])
async def test_a_request_id_that_no_log_should_hold_is_replaced(site: Any, given: str) -> None:
    response = await site.send("GET", "/api/health", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] not in {given, ""}


async def test_unknown_parameters_are_named_in_a_header_that_they_cannot_break(site: Any) -> None:
    response = await site.send("GET", "/api/state?foo=1&%0d%0aX-Evil=2&_=3&%E2%82%BF=1")
    assert response.headers["X-Unknown-Parameters"] == "foo, %0D%0AX-Evil, %E2%82%BF"


async def test_text_is_text(site: Any) -> None:
    response = await site.send("GET", "/api/signal/pending")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_an_answer_is_encoded_once_a_moment(site: Any, system: Any) -> None:
    first = await site.send("GET", "/api/state")
    assert (await site.send("GET", "/api/state")).body == first.body
    assert len(system.asked) == 1
    system.answers[messages.BoardState] = messages.State({}, (), 1)
    system.published += 1
    assert (await site.send("GET", "/api/state")).json()["ts"] == 1


# --- bodies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/json"},
        {"Content-Type": "application/json; charset=UTF-8"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "application/x-www-form-urlencoded"},
    ],
)
async def test_json_is_read_whatever_a_curl_calls_it(site: Any, headers: dict[str, str]) -> None:
    assert (await site.send("POST", "/api/agent/coo", data=IDLE, headers=headers)).status == 200


async def test_json_is_read_without_a_content_type(site: Any) -> None:
    response = await site.send("POST", "/api/agent/coo", data=IDLE.encode(), skip_auto_headers=["Content-Type"])
    assert response.status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "application/xml"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": "application/json; charset=utf-16"},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
)
async def test_anything_else_is_415(site: Any, headers: dict[str, str]) -> None:
    data = gzip.compress(IDLE.encode()) if "Content-Encoding" in headers else IDLE
    assert code(await site.send("POST", "/api/agent/coo", data=data, headers=headers)) == (
        415,
        "unsupported_media_type",
    )


@pytest.mark.parametrize(
    "data",
    [
        b'{"status":',
        b"not json",
        b'{"status": NaN}',
        b'{"a": 1e999}',
        b"[" * 5000,
        b'{"a":' * 30 + b"1" + b"}" * 30,
        b"\xff\xfe{}",
    ],
)
async def test_what_is_no_json_is_400(site: Any, data: bytes) -> None:
    assert code(await site.send("POST", "/api/agent/coo", data=data, headers=JSON)) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("data", "kind"), [(b"", "missing"), (b"[1]", "dict_type"), (b"null", "dict_type"), (b'"x"', "dict_type")]
)
async def test_json_of_another_shape_is_422_at_the_body(site: Any, data: bytes, kind: str) -> None:
    response = await site.send("POST", "/api/agent/coo", data=data, headers=JSON)
    assert response.status == 422
    assert [(item["loc"], item["type"]) for item in response.json()["detail"]] == [(["body"], kind)]


@pytest.mark.parametrize("data", [None, b"", b"{}", b"null", b'{"symbols": null}'])
async def test_an_optional_body_may_be_missing(site: Any, system: Any, data: bytes | None) -> None:
    assert (await site.send("POST", "/api/mr-combined/scan-and-signal", data=data, headers=JSON)).status == 200
    assert system.asked == [messages.ScanAndSignal()]


async def test_a_body_beyond_the_limit_is_413(site: Any) -> None:
    data = json.dumps({"status": "idle", "action": "x" * 70_000})
    assert code(await site.send("POST", "/api/agent/coo", data=data, headers=JSON)) == (413, "body_too_large")


async def test_so_is_one_that_did_not_say_how_large_it_is(site: Any) -> None:
    async def chunks() -> Any:
        for _ in range(70):
            yield b"x" * 1000

    assert code(await site.send("POST", "/api/agent/coo", data=chunks(), headers=JSON)) == (413, "body_too_large")


async def test_a_body_of_just_the_limit_is_read(site: Any) -> None:
    data = b'{"status":"idle"}'.ljust(body.MAX_BYTES)
    assert (await site.send("POST", "/api/agent/coo", data=data, headers=JSON)).status == 200


async def test_a_body_that_never_comes_is_given_up(serve: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(body, "BODY_SECONDS", 0.05)
    monkeypatch.setattr(connection, "LINGER_SECONDS", 0.05)
    site = await serve()
    answer = await site.raw(b"POST /api/agent/coo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\n{")
    assert b" 400 " in answer.split(b"\r\n")[0]
    assert b"did not arrive" in answer


async def test_an_unknown_agent_is_404_before_its_body_is_read(site: Any) -> None:
    assert code(await site.send("POST", "/api/agent/bob", data=b"{]")) == (404, "agent_not_found")


async def test_the_name_of_an_agent_has_no_letter_case(site: Any, system: Any) -> None:
    assert (await site.send("POST", "/api/agent/COO", data=IDLE)).status == 200


async def test_a_client_that_waits_to_be_told_to_send_its_body_is_told(site: Any, system: Any) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(EXPECTING % (b"/api/agent/coo", len(IDLE)))
    assert await reader.readuntil(b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    writer.write(IDLE.encode())
    assert (await reader.read()).startswith(b"HTTP/1.1 200")
    writer.close()
    await writer.wait_closed()
    assert system.asked == [messages.UpdateAgent("coo", "idle")]


@pytest.mark.parametrize(("path", "status"), [(b"/api/agent/bob", b"404"), (b"/api/agent/coo", b"413")])
async def test_a_body_that_nobody_wants_is_not_asked_for(
    site: Any, monkeypatch: pytest.MonkeyPatch, path: bytes, status: bytes
) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(EXPECTING % (path, body.MAX_BYTES + 1))
    assert (await reader.readline()).startswith(b"HTTP/1.1 " + status)
    writer.close()
    await writer.wait_closed()


# --- order of checks ---------------------------------------------------------------------------------------------


async def test_the_license_comes_before_the_body(site: Any, system: Any) -> None:
    system.licensed = False
    response = await site.send("POST", "/api/mr-combined/scan-and-signal?agent=%20", data=b"{]")
    assert code(response) == (503, "license_required")
    assert response.json()["hint"]


# --- errors ------------------------------------------------------------------------------------------------------

FAILURES = [
    (SignalNotFound("none"), 404, "signal_not_found"),
    (SignalNotPending("decided", signal_status="consumed"), 409, "signal_not_pending"),
    (SignalExpired("too late", signal_status="expired"), 410, "signal_expired"),
    (ExchangeError("the venue is down"), 500, "exchange_error"),
    (Overloaded("full"), 503, "overloaded"),
    (NotReady("restarting"), 503, "not_ready"),
    (ShuttingDown("stopping"), 503, "shutting_down"),
    (StorageError("disk full"), 503, "storage_error"),
    (AskTimeout("no answer within 300 s"), 504, "timeout"),
]


@pytest.mark.parametrize(("error", "status", "name"), FAILURES, ids=str)
async def test_an_error_has_its_status_and_its_facts(
    site: Any, system: Any, error: Any, status: int, name: str
) -> None:
    system.answers[messages.SignalOf] = error
    response = await site.send("GET", "/api/signal/BTC")
    told = response.json()
    assert (response.status, told["ok"], told["code"], told["detail"]) == (status, False, name, error.detail)
    assert told | error.facts == told
    assert (
        ("Retry-After" in response.headers)
        == told.get("retryable", False)
        == name.endswith(("overloaded", "not_ready", "shutting_down", "storage_error"))
    )


async def test_a_fault_of_our_own_tells_nothing_but_the_log(
    site: Any, system: Any, caplog: pytest.LogCaptureFixture
) -> None:
    system.answers[messages.BoardState] = RuntimeError("the password is hunter2")
    with caplog.at_level(logging.ERROR):
        response = await site.send("GET", "/api/state")
    assert code(response) == (500, "internal_error")
    assert b"hunter2" not in response.body
    assert "hunter2" in caplog.text
    assert response.headers["X-Request-ID"] in caplog.text


async def test_a_long_value_is_not_repeated_at_length(site: Any) -> None:
    response = await site.send(
        "POST", "/api/agent/coo", data=orjson.dumps({"status": "idle", "action": "x" * 600}), headers=JSON
    )
    assert response.status == 422
    assert len(response.body) < 600


def test_every_message_has_one_row_and_operations_are_named_once() -> None:
    names = [route.operation for route in ROUTES]
    assert len(names) == len(set(names))
    assert all((route.message is None) != (route.page is None) for route in ROUTES)

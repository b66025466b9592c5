"""Who may ask: token, host and origin."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.domain.hosts import is_loopback
from opentrader.http.routes import ROUTES

TOKEN = "0123456789abcdef0123456789abcdef"
OPEN = {"/api/health", "/api/dashboard", "/api/docs", "/api/openapi.json"}
ACTING = [("POST", "/api/signal/cleanup"), ("GET", "/api/market/scan"), ("POST", "/api/agent/coo")]


def code(response: Any) -> tuple[int, str]:
    return response.status, response.json()["code"]


def test_only_health_and_the_pages_are_open() -> None:
    assert {route.path for route in ROUTES if route.open} == OPEN


@pytest.mark.parametrize(
    "header", [None, "", "Bearer", "Bearer ", f"Bearer {TOKEN}x", f"Basic {TOKEN}", TOKEN, "Bearer \u00fc\u00fc"]
)
async def test_a_wrong_token_is_401(serve: Any, system: Any, header: str | None) -> None:
    site = await serve(token=TOKEN)
    response = await site.send("GET", "/api/state", headers={} if header is None else {"Authorization": header})
    assert code(response) == (401, "unauthorized")
    assert response.headers["WWW-Authenticate"].startswith("Bearer")
    assert system.asked == []


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
async def test_the_token_opens(serve: Any, scheme: str) -> None:
    site = await serve(token=TOKEN)
    assert (await site.send("GET", "/api/state", headers={"Authorization": f"{scheme} {TOKEN}"})).status == 200


@pytest.mark.parametrize("path", sorted(OPEN))
async def test_open_routes_ask_for_no_token(serve: Any, path: str) -> None:
    site = await serve(token=TOKEN)
    assert (await site.send("GET", path)).status == 200


async def test_the_token_comes_before_the_origin(serve: Any) -> None:
    site = await serve(token=TOKEN)
    response = await site.send("POST", "/api/signal/cleanup", headers={"Origin": "http://evil.example"})
    assert response.status == 401


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:1", "127.0.0.1:8000", "[::1]:8000", "opentrader", "opentrader:8000"]
)
async def test_it_answers_to_its_names(site: Any, host: str) -> None:
    assert (await site.send("GET", "/api/state", headers={"Host": host})).status == 200


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "evil@localhost", "10.0.0.1", "[::2]", "localhost/", "", "127.0.0.1:x"],
)
async def test_it_answers_to_no_other(site: Any, system: Any, host: str) -> None:
    answer = await site.raw(f"GET /api/state HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
    assert answer.startswith((b"HTTP/1.1 403", b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert system.asked == []


@pytest.mark.parametrize("request_line", ["GET /", "GET /api/static/dashboard.js", "OPTIONS /api/state", "OPTIONS /"])
async def test_nothing_at_all_is_told_to_another_host(site: Any, request_line: str) -> None:
    rest = " HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"
    assert (await site.raw((request_line + rest).encode())).startswith(b"HTTP/1.1 403")


async def test_the_host_of_the_request_line_counts_as_well(site: Any, system: Any) -> None:
    rest = b" HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
    assert (await site.raw(b"GET http://evil.example/api/state" + rest)).startswith(b"HTTP/1.1 403")
    assert system.asked == []
    assert (await site.raw(b"GET http://localhost/api/state" + rest)).startswith(b"HTTP/1.1 200")


@pytest.mark.parametrize(("host", "status"), [("10.0.0.1:8000", 200), ("[fe80::1]", 200), ("evil.example", 403)])
async def test_beyond_loopback_an_address_will_do_but_no_name(serve: Any, host: str, status: int) -> None:
    site = await serve(host="0.0.0.0")
    assert (await site.send("GET", "/api/state", headers={"Host": host})).status == status


async def test_the_configured_host_is_a_name_of_ours(serve: Any) -> None:
    site = await serve(host="trader.lan")
    assert (await site.send("GET", "/api/state", headers={"Host": "trader.lan:8000"})).status == 200


FOREIGN = [
    {"Origin": "http://evil.example"},
    {"Origin": "null"},
    {"Origin": "http://localhost:1"},
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://localhost:8000"},
]


@pytest.mark.parametrize("headers", FOREIGN)
@pytest.mark.parametrize(("method", "path"), ACTING)
async def test_no_page_of_another_origin_may_act(
    site: Any, system: Any, method: str, path: str, headers: dict[str, str]
) -> None:
    response = await site.send(method, path, headers={"Host": "localhost:8000", **headers})
    assert code(response) == (403, "forbidden_origin")
    assert system.asked == []


OWN = [
    {},
    {"Origin": "http://localhost:8000", "Sec-Fetch-Site": "same-origin"},
    {"Sec-Fetch-Site": "none"},
]


@pytest.mark.parametrize("headers", OWN)
async def test_our_own_page_and_a_curl_may(site: Any, system: Any, headers: dict[str, str]) -> None:
    response = await site.send("POST", "/api/signal/cleanup", headers={"Host": "localhost:8000", **headers})
    assert response.status == 200
    assert system.asked == [messages.CleanUpSignals()]


async def test_a_port_that_browsers_leave_out_is_the_same(site: Any) -> None:
    for origin, host in (("http://localhost", "localhost:80"), ("https://opentrader", "opentrader")):
        response = await site.send("POST", "/api/signal/cleanup", headers={"Host": host, "Origin": origin})
        assert response.status == 200


async def test_reading_is_left_to_the_browser_which_is_given_no_leave_to_share(site: Any) -> None:
    response = await site.send("GET", "/api/state", headers={"Origin": "http://evil.example"})
    assert response.status == 200
    assert not [name for name in response.headers if name.lower().startswith("access-control")]


@pytest.mark.parametrize(
    ("host", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True), ("0.0.0.0", False), ("lan", False)],
)
def test_what_only_this_machine_can_reach(host: str, loopback: bool) -> None:
    assert is_loopback(host) is loopback

"""Bodies: JSON whatever a curl calls it, within limits, and asked for when it is wanted."""

from __future__ import annotations

import asyncio
import gzip
import json
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.http import body, connection
from tests.fakes.site import IDLE, JSON, code

EXPECTING = (
    b"POST %s HTTP/1.1\r\nHost: localhost\r\nContent-Length: %d\r\nExpect: 100-continue\r\nConnection: close\r\n\r\n"
)


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

"""What never becomes a request, and what comes before the system has started."""

from __future__ import annotations

import asyncio
import logging
from typing import Any

import orjson
import pytest

from opentrader.http import connection

# --- the connection ----------------------------------------------------------------------------------------------

MALFORMED = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\nSECRET BYTES\r\n\r\n",
    b"\x16\x03\x01SECRET",
    b"GET / HTTP/1.1\r\nHost: a\r\nHost: SECRET\r\n\r\n",
    b"GET /api/health?" + b"SECRET" * 8000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/health HTTP/1.1\r\nHost: localhost\r\nX-Long: " + b"SECRET" * 2000 + b"\r\n\r\n",
]


@pytest.mark.parametrize("request_bytes", MALFORMED, ids=range(len(MALFORMED)))
async def test_what_is_no_http_is_refused_without_an_echo(
    site: Any, request_bytes: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, "aiohttp"):
        head, _, told = (await site.raw(request_bytes)).partition(b"\r\n\r\n")
    assert head.startswith((b"HTTP/1.0 400", b"HTTP/1.1 400"))
    assert orjson.loads(told)["code"] == "bad_request"
    assert b"SECRET" not in head + told
    assert "SECRET" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_query_of_40_kib_is_read(site: Any) -> None:
    assert (await site.send("GET", "/api/health?x=" + "y" * 39_000)).status == 200


async def test_a_connection_that_says_nothing_whole_is_closed(site: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "HEADER_SECONDS", 0.05)
    assert await site.raw(b"GET /api/health HT") == b""


async def test_a_connection_too_many_is_told_so(serve: Any) -> None:
    site = await serve(max_connections=1)
    reader, writer = await asyncio.open_connection("127.0.0.1", site.port)
    writer.write(b"GET /api/health HTTP/1.1\r\nHost: localhost\r\n\r\n")
    await reader.readuntil(b"\r\n\r\n")
    head, _, told = (await site.raw(b"")).partition(b"\r\n\r\n")
    writer.close()
    await writer.wait_closed()
    assert head.startswith(b"HTTP/1.1 503")
    assert orjson.loads(told)["code"] == "overloaded"


# --- before the system has started -------------------------------------------------------------------------------

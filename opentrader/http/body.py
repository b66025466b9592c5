"""Reads a request body as JSON, within limits, under every Content-Type that curl sends by default."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from opentrader.errors import Fault
from opentrader.http.problems import BadRequest, BodyTooLarge, InvalidJson, UnsupportedMediaType

MAX_BYTES = 64 * 1024
MAX_DEPTH = 20
BODY_SECONDS = 10.0

# curl -d sends JSON as a form unless -H says otherwise.
_TYPES = {"application/json", "text/json", "text/plain", "application/x-www-form-urlencoded"}
_CHARSETS = {None, "utf-8", "utf8", "us-ascii"}


async def read_json(request: web.BaseRequest, *, required: bool) -> dict[str, Any] | Fault:
    """The JSON object in the body, or the fault if it is missing or not an object.

    An optional body may be absent, empty or null. Raises `BodyTooLarge`, `UnsupportedMediaType`, `InvalidJson`.
    """
    raw = await _read(request)
    if raw:
        _check_content_type(request)
        value = _parsed(raw)
        if isinstance(value, dict):
            return value
        if value is not None or required:
            return Fault(("body",), "Input should be a valid dictionary", "dict_type", input=value)
    return Fault(("body",), "Field required", "missing") if required else {}


def check_length(request: web.BaseRequest) -> None:
    """Raise `BodyTooLarge` by the Content-Length, also where the body is ignored."""
    if (request.content_length or 0) > MAX_BYTES:
        raise BodyTooLarge(f"the body is larger than {MAX_BYTES} bytes")


async def _read(request: web.BaseRequest) -> bytes:
    """The raw body. One that is too large is refused as early as possible."""
    check_length(request)
    if not request.can_read_body:
        return b""
    _send_continue(request)
    try:
        async with asyncio.timeout(BODY_SECONDS):
            return await _collected(request)
    except TimeoutError:
        raise BadRequest(f"the body did not arrive within {BODY_SECONDS:g} s") from None
    except (RequestPayloadError, ConnectionError):
        raise BadRequest("the connection was closed before the whole body arrived") from None


def _send_continue(request: web.BaseRequest) -> None:
    """Answer `Expect: 100-continue`: the client waits for it before it sends the body (RFC 9110, 10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _collected(request: web.BaseRequest) -> bytes:
    parts, size = [], 0
    while part := await request.content.readany():
        parts.append(part)
        size += len(part)
        if size > MAX_BYTES:
            raise BodyTooLarge(f"the body is larger than {MAX_BYTES} bytes")
    return b"".join(parts)


def _check_content_type(request: web.BaseRequest) -> None:
    if "Content-Encoding" in request.headers:
        raise UnsupportedMediaType("compressed bodies are not supported", hint="send the body without Content-Encoding")
    if "Content-Type" not in request.headers:
        return
    charset = request.charset and request.charset.lower()
    if request.content_type not in _TYPES or charset not in _CHARSETS:
        raise UnsupportedMediaType("Content-Type must be application/json in UTF-8")


def _parsed(raw: bytes) -> Any:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(f"the body is not valid JSON: {error.msg}", hint=_position(error)) from None
    if _is_deeper(value, MAX_DEPTH):
        raise InvalidJson(f"the body is nested more than {MAX_DEPTH} levels deep")
    return value


def _position(error: orjson.JSONDecodeError) -> str:
    return f"line {error.lineno}, column {error.colno}"


def _is_deeper(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value.values())
    return isinstance(value, list) and (levels == 0 or any(_is_deeper(item, levels - 1) for item in value))

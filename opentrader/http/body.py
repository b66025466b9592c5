"""Reads a request's body as JSON, whatever a curl calls it, and within limits."""

from __future__ import annotations

import asyncio
from typing import Any

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestPayloadError

from opentrader.errors import Fault
from opentrader.http.problems import BadRequest, BodyTooLarge, InvalidJson, UnsupportedMediaType

LARGEST = 64 * 1024
DEEPEST = 20
PATIENCE_SECONDS = 10.0

# curl -d calls JSON a form unless it is told otherwise; a missing type is aiohttp's octet-stream.
_TYPES = {"application/json", "text/json", "text/plain", "application/x-www-form-urlencoded"}
_CHARSETS = {None, "utf-8", "utf8", "us-ascii"}


async def read_json(request: web.BaseRequest, *, required: bool) -> dict[str, Any] | Fault:
    """The object that the body holds; the fault of a missing one, or of JSON that is no object.

    An optional body may be absent, empty or null. Raises `BodyTooLarge`, `UnsupportedMediaType`, `InvalidJson`.
    """
    raw = await _read(request)
    if raw:
        _demand_json_type(request)
        value = _parsed(raw)
        if isinstance(value, dict):
            return value
        if value is not None or required:
            return Fault(("body",), "Input should be a valid dictionary", "dict_type", input=value)
    return Fault(("body",), "Field required", "missing") if required else {}


def demand_no_more(request: web.BaseRequest) -> None:
    """Refuse what is too large where a body is of no use."""
    if (request.content_length or 0) > LARGEST:
        raise BodyTooLarge(f"the body is larger than {LARGEST} bytes")


async def _read(request: web.BaseRequest) -> bytes:
    """The raw body. One that is too large is refused as soon as that is known."""
    demand_no_more(request)
    if not request.can_read_body:
        return b""
    _invite(request)
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            return await _collected(request)
    except TimeoutError:
        raise BadRequest(f"the body did not arrive within {PATIENCE_SECONDS:g} s") from None
    except (RequestPayloadError, ConnectionError):
        raise BadRequest("the body was cut short") from None


def _invite(request: web.BaseRequest) -> None:
    """Tell a client that waits to be told to send its body (RFC 9110, 10.1.1)."""
    if request.headers.get("Expect", "").lower() == "100-continue" and request.transport is not None:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")


async def _collected(request: web.BaseRequest) -> bytes:
    parts, size = [], 0
    while part := await request.content.readany():
        parts.append(part)
        size += len(part)
        if size > LARGEST:
            raise BodyTooLarge(f"the body is larger than {LARGEST} bytes")
    return b"".join(parts)


def _demand_json_type(request: web.BaseRequest) -> None:
    if "Content-Encoding" in request.headers:
        raise UnsupportedMediaType("a compressed body is not read", hint="send it without Content-Encoding")
    if "Content-Type" not in request.headers:
        return
    charset = request.charset and request.charset.lower()
    if request.content_type not in _TYPES or charset not in _CHARSETS:
        raise UnsupportedMediaType("Content-Type must be application/json, in UTF-8")


def _parsed(raw: bytes) -> Any:
    try:
        value = orjson.loads(raw)
    except orjson.JSONDecodeError as error:
        raise InvalidJson(f"the body is no valid JSON: {error.msg}", hint=_where(error)) from None
    if _is_deeper(value, DEEPEST):
        raise InvalidJson(f"the body is nested more than {DEEPEST} levels deep")
    return value


def _where(error: orjson.JSONDecodeError) -> str:
    return f"line {error.lineno}, column {error.colno}"


def _is_deeper(value: object, levels: int) -> bool:
    if isinstance(value, dict):
        return levels == 0 or any(_is_deeper(item, levels - 1) for item in value.values())
    return isinstance(value, list) and (levels == 0 or any(_is_deeper(item, levels - 1) for item in value))

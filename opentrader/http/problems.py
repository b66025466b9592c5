"""The one place that turns an error into a status and a JSON body.

    {"ok": false, "detail": ..., "code": ..., "hint"?: ..., "request_id"?: ..., named facts}

`detail` is a sentence, except on 422, where it is the list of all refused values. The errors of requests that fail
before they become a message (no such route, no token, a body that is not JSON) are defined here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import orjson
from aiohttp import web

from opentrader.errors import (
    AskTimeout,
    Fault,
    IdempotencyInProgress,
    InvalidInput,
    LicenseRequired,
    NotFound,
    NotNow,
    NotPossible,
    OpentraderError,
    SignalExpired,
    TelegramError,
    TelegramNotConfigured,
)

HEADERS = {"Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Server": "opentrader"}
"""The headers of every response."""

MAX_INPUT_LENGTH = 200  # characters of a refused value that the response repeats


class RequestRefused(OpentraderError):
    """A request that was refused before it became a message."""

    code = "bad_request"
    status: ClassVar[int] = 400
    headers: Mapping[str, str] = {}
    closes: ClassVar[bool] = False  # whether the connection is closed afterwards


class BadRequest(RequestRefused):
    closes = True


class InvalidJson(RequestRefused):
    code = "invalid_json"


class Unauthorized(RequestRefused):
    code, status = "unauthorized", 401
    headers: Mapping[str, str] = {"WWW-Authenticate": 'Bearer realm="opentrader"'}


class ForbiddenOrigin(RequestRefused):
    code, status = "forbidden_origin", 403


class RouteNotFound(RequestRefused):
    code, status = "not_found", 404


class MethodNotAllowed(RequestRefused):
    code, status = "method_not_allowed", 405

    def __init__(self, detail: str, allow: str) -> None:
        super().__init__(detail, hint=f"allowed: {allow}")
        self.headers = {"Allow": allow}


class BodyTooLarge(RequestRefused):
    code, status = "body_too_large", 413
    closes = True


class UnsupportedMediaType(RequestRefused):
    code, status = "unsupported_media_type", 415


_STATUS: tuple[tuple[type[OpentraderError], int], ...] = (
    (InvalidInput, 422),
    (NotFound, 404),
    (SignalExpired, 410),
    (NotPossible, 409),
    (LicenseRequired, 503),
    (NotNow, 503),
    (AskTimeout, 504),
    (TelegramError, 502),
    (TelegramNotConfigured, 503),
)


def status_of(error: type[OpentraderError]) -> int:
    """The HTTP status of an error type; 500 for internal errors and those of the exchange."""
    if issubclass(error, RequestRefused):
        return error.status
    return next((status for kind, status in _STATUS if issubclass(error, kind)), 500)


def problem(error: OpentraderError, request_id: str) -> web.Response:
    """The response for an error."""
    response = web.Response(
        status=getattr(error, "status", None) or status_of(type(error)),
        body=orjson.dumps(_payload(error, request_id), default=str),
        content_type="application/json",
        headers={**HEADERS, **_headers(error)},
    )
    if isinstance(error, RequestRefused) and error.closes:
        response.force_close()
    return response


def _payload(error: OpentraderError, request_id: str) -> dict[str, Any]:
    detail = [_item(f) for f in error.faults] if isinstance(error, InvalidInput) else error.detail
    code = getattr(error, "stored_code", error.code)
    payload = {"ok": False, "detail": detail, "code": code, "hint": error.hint, "request_id": request_id}
    if isinstance(error, NotNow):
        payload["retryable"] = True
    return {name: value for name, value in payload.items() if value != ""} | error.facts


def _headers(error: OpentraderError) -> Mapping[str, str]:
    headers: Mapping[str, str] | None = getattr(error, "headers", None)
    if headers is not None:
        return headers
    if isinstance(error, IdempotencyInProgress):
        return {"Retry-After": "1"}
    return {"Retry-After": str(error.retry_after)} if isinstance(error, NotNow) else {}


def _item(fault: Fault) -> dict[str, Any]:
    """One refused value, in the shape that FastAPI uses."""
    item: dict[str, Any] = {"loc": fault.loc, "msg": fault.msg, "type": fault.type}
    if fault.input is not None:
        item["input"] = _abbreviated(fault.input)
    if fault.ctx:
        item["ctx"] = fault.ctx
    return item


def _abbreviated(value: object) -> object:
    """A refused value as the response repeats it: long strings are cut, containers are named by their type."""
    if isinstance(value, str):
        return value if len(value) <= MAX_INPUT_LENGTH else value[:MAX_INPUT_LENGTH] + "..."
    return value if isinstance(value, bool | int | float) else type(value).__name__

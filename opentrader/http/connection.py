"""Connection limits, and aiohttp's replies to malformed HTTP as JSON that does not echo the request."""

from __future__ import annotations

import asyncio
from typing import Any

from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from opentrader.errors import InternalError
from opentrader.http.application import Application, request_id_of
from opentrader.http.problems import BadRequest, problem

HEADER_SECONDS = 10.0
KEEPALIVE_SECONDS = 15.0
LINGER_SECONDS = 2.0
MAX_CONNECTIONS = 1024
MAX_REQUEST_LINE = 40 * 1024
MAX_HEADER = 8190

_BUSY_BODY = b'{"ok":false,"detail":"too many connections are open","code":"overloaded","retryable":true}'
_BUSY = b"\r\n".join(
    (
        b"HTTP/1.1 503 Service Unavailable",
        b"Content-Type: application/json",
        b"Retry-After: 1",
        b"Connection: close",
        b"Content-Length: %d" % len(_BUSY_BODY),
        b"",
        _BUSY_BODY,
    )
)


class Connection(RequestHandler):
    """One connection. It is closed if no request arrives in time: aiohttp's own timeout starts after the first one."""

    __slots__ = ("_first_request",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        self._first_request = self._loop.call_later(HEADER_SECONDS, self._close_if_silent)

    def connection_lost(self, exc: BaseException | None) -> None:
        self._first_request.cancel()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The reply to malformed HTTP. aiohttp's own reply would echo the bytes, and its log would keep them."""
        malformed = BadRequest("malformed HTTP request, or its request line or headers are too large")
        error = malformed if status < 500 else InternalError("internal error; see the log for this request_id")
        response = problem(error, request_id_of(request))
        response.force_close()
        return response

    def _close_if_silent(self) -> None:
        if self._request_count == 0:
            self.force_close()


class BusyProtocol(asyncio.Protocol):
    """A connection above the limit: it gets a 503 and is closed."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.WriteTransport)
        transport.write(_BUSY)
        transport.close()


class Server(web.Server):
    """aiohttp's low-level server with limited connections."""

    def __init__(self, application: Application, *, max_connections: int = MAX_CONNECTIONS) -> None:
        super().__init__(application)
        self._max_connections = max_connections
        self._options: dict[str, Any] = {
            "access_log": None,
            "auto_decompress": False,
            "keepalive_timeout": KEEPALIVE_SECONDS,
            "lingering_time": LINGER_SECONDS,
            "max_field_size": MAX_HEADER,
            "max_line_size": MAX_REQUEST_LINE,
        }

    def __call__(self) -> Any:
        """asyncio calls this for each new connection."""
        if len(self._connections) >= self._max_connections:
            return BusyProtocol()
        return Connection(self, loop=self._loop, **self._options)

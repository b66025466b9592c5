"""Access control: the bearer token, the accepted Host names, and the origin of a browser request.

A browser on the same machine can reach a loopback port, so any web page could try to trade through it. Two checks
prevent that. The Host header must be a known name, which defeats DNS rebinding. State-changing requests, GETs
included, must not come from another origin; browsers declare the origin themselves, and curl, which sends none, passes.
"""

from __future__ import annotations

import hmac
import re
from functools import lru_cache

from aiohttp import web

from opentrader.domain.hosts import address_of, is_loopback
from opentrader.http.problems import ForbiddenOrigin, Unauthorized
from opentrader.http.route import Route

NAMES = frozenset({"opentrader", "localhost", "127.0.0.1", "::1"})
_HOST = re.compile(r"(?P<name>\[[0-9a-f:.]+\]|[^\s:/?#@\[\]]+)(:\d{0,5})?")
PAGE_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; frame-ancestors 'none'; "
    "img-src 'self'; base-uri 'none'; form-action 'none'"
)
PAGE_HEADERS = {
    "Content-Security-Policy": PAGE_POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}


class Guard:
    """The checks before a request is parsed. `token` None turns authentication off."""

    def __init__(self, host: str, token: str | None) -> None:
        self._token = token and token.encode()
        self._names = NAMES | {host.lower()}
        self._loopback = is_loopback(host)
        self._is_accepted = lru_cache(maxsize=256)(self._accepts)

    def check(self, request: web.BaseRequest, route: Route) -> None:
        """Raises `Unauthorized` or `ForbiddenOrigin`."""
        if self._token is not None and not route.open:
            self._check_token(request.headers.get("Authorization", ""))
        self.check_host(request)
        if route.changes_state:
            _check_origin(request)

    def _check_token(self, header: str) -> None:
        scheme, _, token = header.partition(" ")
        sent = token.strip().encode("utf-8", "surrogateescape")
        if scheme.lower() != "bearer" or not hmac.compare_digest(sent, self._token or b""):
            raise Unauthorized("missing or wrong API token", hint="send the header Authorization: Bearer <token>")

    def check_host(self, request: web.BaseRequest) -> None:
        """Check the Host header, and the host in the request line if there is one. Raises `ForbiddenOrigin`."""
        accepted = self._is_accepted(request.headers.get("Host", ""))
        if not request.raw_path.startswith("/"):
            accepted = accepted and self._is_accepted(request.url.authority)
        if not accepted:
            address = "" if self._loopback else ", or the IP address"
            hint = f"use one of {', '.join(sorted(self._names))}{address}"
            raise ForbiddenOrigin("this Host name is not accepted", hint=hint)

    def _accepts(self, host: str) -> bool:
        """Unless the daemon listens on loopback, any IP address is accepted too: only a name can be rebound."""
        name = _hostname(host)
        return name in self._names or (not self._loopback and address_of(name) is not None)


def _hostname(host: str) -> str:
    match = _HOST.fullmatch(host.lower())
    return match["name"].strip("[]") if match else ""


def _check_origin(request: web.BaseRequest) -> None:
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    same_origin = origin is None or _authority(origin) == _bare(request.headers.get("Host", ""))
    if site in {"cross-site", "same-site"} or not same_origin:
        raise ForbiddenOrigin("a web page of another origin must not change state")


def _authority(origin: str) -> str:
    return _bare(origin.partition("://")[2])


def _bare(authority: str) -> str:
    """Host and port without a default port, as browsers write it."""
    return authority.lower().removesuffix(":80").removesuffix(":443")

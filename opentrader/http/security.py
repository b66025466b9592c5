"""Who may ask: the bearer token, the names this daemon answers to, and no web page of another origin.

A browser on the same machine can reach a port on loopback, so a page from anywhere could make it trade. Two things
stop that. The Host must be a name of ours, which a page that had its own name point at us (DNS rebinding)
cannot fake; and whatever changes something, GETs included, must not come from another origin, which browsers
say of their own accord. A curl says nothing and passes.
"""

from __future__ import annotations

import hmac
import re
from functools import lru_cache
from ipaddress import ip_address

from aiohttp import web

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
    """The checks before a request is looked at; `token` is None where nobody is asked for one."""

    def __init__(self, host: str, token: str | None) -> None:
        self._token = token and token.encode()
        self._names = NAMES | {host.lower()}
        self._loopback = is_loopback(host)
        self._is_ours = lru_cache(maxsize=256)(self._answers_to)

    def check(self, request: web.BaseRequest, route: Route) -> None:
        """Raises `Unauthorized` or `ForbiddenOrigin`."""
        if self._token is not None and not route.open:
            self._check_token(request.headers.get("Authorization", ""))
        self.check_host(request)
        if route.acts:
            _check_origin(request)

    def _check_token(self, given: str) -> None:
        scheme, _, token = given.partition(" ")
        sent = token.strip().encode("utf-8", "surrogateescape")
        if scheme.lower() != "bearer" or not hmac.compare_digest(sent, self._token or b""):
            raise Unauthorized("a token is required", hint="send Authorization: Bearer <token>")

    def check_host(self, request: web.BaseRequest) -> None:
        """Both the header and, where the request line names a host as well, that one. Raises `ForbiddenOrigin`."""
        ours = self._is_ours(request.headers.get("Host", ""))
        if not request.raw_path.startswith("/"):
            ours = ours and self._is_ours(request.url.authority)
        if not ours:
            address = "" if self._loopback else ", or its address in digits"
            hint = f"one of {', '.join(sorted(self._names))}{address}"
            raise ForbiddenOrigin("this daemon does not answer to that host", hint=hint)

    def _answers_to(self, host: str) -> bool:
        """Beyond loopback any address will do as well: only a name can be made to point elsewhere."""
        name = _hostname(host)
        return name in self._names or (not self._loopback and _is_address(name))


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on that address."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _is_address(name: str) -> bool:
    try:
        ip_address(name)
    except ValueError:
        return False
    return True


def _hostname(host: str) -> str:
    match = _HOST.fullmatch(host.lower())
    return match["name"].strip("[]") if match else ""


def _check_origin(request: web.BaseRequest) -> None:
    site = request.headers.get("Sec-Fetch-Site", "none")
    origin = request.headers.get("Origin")
    same = origin is None or _authority(origin) == _bare(request.headers.get("Host", ""))
    if site in {"cross-site", "same-site"} or not same:
        raise ForbiddenOrigin("a page of another origin may not change anything here")


def _authority(origin: str) -> str:
    return _bare(origin.partition("://")[2])


def _bare(authority: str) -> str:
    """Host and port, the port left out where browsers leave it out."""
    return authority.lower().removesuffix(":80").removesuffix(":443")

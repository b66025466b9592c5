"""The pages and their static files: read or built at the first request, then cached."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from importlib.resources import files
from typing import NamedTuple

import orjson

from opentrader.domain.analysis import reason_codes
from opentrader.domain.timeframes import HTF_OF
from opentrader.http.route import Page, Route

WORDS = "words.js"
ASSETS = (
    "actions.js",
    "api.js",
    "board.js",
    "chart.js",
    "dashboard.css",
    "dashboard.js",
    "docs.css",
    "dom.js",
    "explain.js",
    "icon.svg",
    "live.js",
    "market.js",
    "trading.js",
    WORDS,
)
_TYPES = {"css": "text/css", "html": "text/html", "js": "text/javascript", "svg": "image/svg+xml"}


class Content(NamedTuple):
    body: bytes
    content_type: str


class Pages:
    """Builds pages in a thread: the OpenAPI document takes too long for the event loop."""

    def __init__(self, routes: tuple[Route, ...]) -> None:
        self._routes = routes
        self._cached: dict[str, Content] = {}

    async def page(self, name: Page) -> Content:
        build = {"dashboard": _dashboard, "docs": self._docs, "openapi": self._openapi}[name]
        return await self._get(name, build)

    async def asset(self, name: str) -> Content:
        return await self._get(name, _words if name == WORDS else lambda: _static(name))

    async def _get(self, name: str, build: Callable[[], Content]) -> Content:
        if name not in self._cached:
            self._cached[name] = await asyncio.to_thread(build)
        return self._cached[name]

    def _docs(self) -> Content:
        from opentrader.http.openapi.page import docs_page

        return Content(docs_page(self._routes).encode(), "text/html")

    def _openapi(self) -> Content:
        from opentrader.http.openapi.document import document

        return Content(orjson.dumps(document(self._routes)), "application/json")


def _dashboard() -> Content:
    return _static("dashboard.html")


def _static(name: str) -> Content:
    body = files("opentrader.http").joinpath("static", name).read_bytes()
    return Content(body, _TYPES[name.rpartition(".")[2]])


def _words() -> Content:
    """The labels of decisions, levels and reasons that the dashboard shares with the command line."""
    tables = {
        "DECISIONS": reason_codes.DECISIONS,
        "LEVELS": reason_codes.LEVELS,
        "HTF": dict(HTF_OF),
        "REASONS": reason_codes.REASONS,
    }
    lines = [f"export const {name} = {orjson.dumps(table).decode()};" for name, table in tables.items()]
    lines.append('export const reason = (code) => REASONS[code] || code.replaceAll("_", " ");')
    return Content("\n".join(lines).encode(), _TYPES["js"])

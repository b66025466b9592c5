"""A server on loopback that publishes feeds of every kind, and counts who asks for what."""

from __future__ import annotations

import asyncio
import gzip
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from yarl import URL

RSS = b"""<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>Wire</title>
<item><title>Bitcoin &lt;b&gt;holds&lt;/b&gt; range</title><link>/a?utm_source=rss&amp;id=7#top</link>
<pubDate>Sat, 27 Apr 2024 14:10:00 +0200</pubDate>
<description><![CDATA[<p>Price &amp; volume</p><p>calm<script>alert(1)</script>.</p>]]></description></item>
<item><title>Older</title><link>https://example.com/b</link><pubDate>Fri, 26 Apr 2024 00:00:00 GMT</pubDate></item>
<item><title>Undated</title><link>javascript:alert(1)</link><pubDate>soon</pubDate></item>
<item><link>https://example.com/empty</link></item>
</channel></rss>"""

ATOM = """<?xml version="1.0" encoding="utf-8"?>
<feed xmlns="http://www.w3.org/2005/Atom"><title>Etherwire</title>
<entry><title type="html">Größe &amp;amp; Zahl</title><link href="https://example.com/atom"/>
<updated>2024-04-27T12:00:00Z</updated><summary type="html">&lt;em&gt;short&lt;/em&gt; words</summary></entry>
</feed>""".encode()

LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE rss [<!ENTITY l0 "ha">'
    + "".join(f'<!ENTITY l{i} "{f"&l{i - 1};" * 10}">' for i in range(1, 12))
    + '<!ENTITY file SYSTEM "{file}">]>'
    + '<rss version="2.0"><channel><item><title>&l11;&file;laughs</title></item></channel></rss>'
)

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Wire:
    """`bodies` are served as they are; `handlers` answer for themselves. `asked` counts requests by path."""

    def __init__(self) -> None:
        self.bodies: dict[str, bytes] = {"/rss": RSS, "/atom": ATOM}
        self.handlers: dict[str, Handler] = {}
        self.asked: Counter[str] = Counter()
        self.release = asyncio.Event()  # what holds the slow paths
        self.arrived = asyncio.Event()  # somebody waits at a slow path
        app = web.Application()
        app.router.add_get("/{path:.*}", self._answer)
        self.server = TestServer(app, host="127.0.0.1")

    def url(self, path: str) -> URL:
        return self.server.make_url(path)

    async def _answer(self, request: web.Request) -> web.StreamResponse:
        self.asked[request.path] += 1
        if request.path in self.handlers:
            return await self.handlers[request.path](request)
        if request.path not in self.bodies:
            raise web.HTTPNotFound
        return web.Response(body=self.bodies[request.path], content_type="application/xml")

    def redirect(self, path: str, to: str) -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            return web.Response(status=302, headers={"Location": to})

        self.handlers[path] = handler

    def hold(self, path: str) -> None:
        """Answers with the body of `/rss`, when `release` is set."""

        async def handler(request: web.Request) -> web.StreamResponse:
            self.arrived.set()
            await self.release.wait()
            return web.Response(body=RSS, content_type="application/xml")

        self.handlers[path] = handler

    def drip(self, path: str) -> None:
        """Begins an answer, and does not end it before `release` is set."""

        async def handler(request: web.Request) -> web.StreamResponse:
            response = web.StreamResponse()
            await response.prepare(request)
            await response.write(RSS[:100])
            await self.release.wait()
            return response

        self.handlers[path] = handler

    def zip(self, path: str, body: bytes) -> None:
        async def handler(request: web.Request) -> web.StreamResponse:
            return web.Response(body=gzip.compress(body), headers={"Content-Encoding": "gzip"})

        self.handlers[path] = handler


@pytest.fixture
async def wire() -> AsyncIterator[Wire]:
    wire = Wire()
    await wire.server.start_server()
    yield wire
    wire.release.set()
    await wire.server.close()

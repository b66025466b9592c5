"""The pages: complete, free of anything inline, and right in what they say."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from importlib.resources import files
from typing import Any

import orjson
import pytest

from opentrader.http.openapi.document import document
from opentrader.http.pages import ASSETS
from opentrader.http.routes import ROUTES


class Inline(HTMLParser):
    """Collects what a strict content policy forbids, and what the page loads."""

    def __init__(self) -> None:
        super().__init__()
        self.forbidden: list[str] = []
        self.loaded: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        told = dict(attrs)
        self.forbidden += [name for name in told if name == "style" or name.startswith("on")]
        self.forbidden += (
            [tag] if tag in {"style", "iframe", "object"} or (tag == "script" and "src" not in told) else []
        )
        self.loaded += [told[key] or "" for key in ("src", "href") if key in told and tag in {"script", "link", "img"}]


@pytest.mark.parametrize("path", ["/api/dashboard", "/api/docs"])
async def test_a_page_holds_nothing_inline_and_all_it_loads_is_ours(site: Any, path: str) -> None:
    response = await site.send("GET", path)
    assert response.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "default-src 'none'; script-src 'self'" in response.headers["Content-Security-Policy"]
    assert "unsafe" not in response.headers["Content-Security-Policy"]
    page = Inline()
    page.feed(response.body.decode())
    assert page.forbidden == []
    assert page.loaded
    for address in page.loaded:
        assert (await site.send("GET", address)).status == 200, address


async def test_scripts_are_served_with_their_type_and_load_only_what_is_there(site: Any) -> None:
    scripts = [name for name in ASSETS if name.endswith(".js")]
    for name in scripts:
        response = await site.send("GET", f"/api/static/{name}")
        assert response.headers["Content-Type"] == "text/javascript; charset=utf-8"
        text = response.body.decode()
        assert set(re.findall(r'from "\./([\w.]+)"', text)) <= set(scripts)
        assert not re.search(r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function", text)


def test_every_file_of_the_folder_is_served() -> None:
    there = {path.name for path in files("opentrader.http").joinpath("static").iterdir()}
    assert there | {"words.js"} == {*ASSETS, "dashboard.html"}


@pytest.mark.parametrize("name", ["nope.js", "..%2Fserver.py", "../server.py", "dashboard.html"])
async def test_no_other_file_is(site: Any, name: str) -> None:
    assert (
        b" 404 "
        in (await site.raw(f"GET /api/static/{name} HTTP/1.0\r\nHost: localhost\r\n\r\n".encode())).split(b"\r\n")[0]
    )


async def test_the_document_is_served_as_built(site: Any) -> None:
    response = await site.send("GET", "/api/openapi.json")
    assert response.json() == orjson.loads(orjson.dumps(document(ROUTES)))


def test_every_operation_is_summed_up_in_a_sentence() -> None:
    summaries = [operation["summary"] for path in document(ROUTES)["paths"].values() for operation in path.values()]
    assert [summary for summary in summaries if not summary.endswith((".", "?")) or "(agent" in summary] == []


def test_every_reference_in_the_document_leads_somewhere() -> None:
    told = document(ROUTES)
    named = set(re.findall(rb'"#/components/schemas/(\w+)"', orjson.dumps(told)))
    assert {name.decode() for name in named} <= told["components"]["schemas"].keys()

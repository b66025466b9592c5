"""The docs page: every operation, and examples that the routes accept."""

from __future__ import annotations

import re
import shlex
from html import unescape
from urllib.parse import unquote, urlsplit

import orjson
import pytest

from opentrader.http.openapi.page import curl, docs_page
from opentrader.http.openapi.schemas import request_of
from opentrader.http.params import Reader
from opentrader.http.route import Route
from opentrader.http.routes import ROUTES

ASKING = [route for route in ROUTES if route.message is not None]


def test_the_docs_page_tells_of_every_operation() -> None:
    page = docs_page(ROUTES)
    for route in ROUTES:
        article = page.partition(f'<article id="{route.operation}">')[2].partition("</article>")[0]
        assert route.path in article
        for field in request_of(route).fields:
            assert f"<code>{field.name}</code>" in article
        for error in route.errors:
            assert error.code in article


def words(command: str) -> tuple[str, str, bytes]:
    """Method, address and body of a curl command."""
    told = shlex.split(unescape(command).replace("\\\n", " "))[1:]
    method = told[told.index("-X") + 1] if "-X" in told else "GET"
    body = told[told.index("-d") + 1] if "-d" in told else ""
    return method, next(word for word in told if word.startswith("http")), body.encode()


@pytest.mark.parametrize("route", ASKING, ids=lambda route: route.operation)
def test_every_example_is_a_request_that_the_route_accepts(route: Route) -> None:
    method, address, body = words(curl(route, request_of(route).fields))
    parts = urlsplit(address)
    path = re.fullmatch(re.sub(r"{(\w+)}", r"(?P<\1>[^/]+)", route.path), parts.path)
    assert method == route.method
    assert path is not None
    assert route.message is not None
    given = {name: unquote(value) for name, value in path.groupdict().items()}
    if route.operation != "activateLicense":
        assert Reader(route, route.message).read(given, parts.query, orjson.loads(body or b"{}")).unknown == ()

"""What a handler makes of an answer: text, JSON encoded once a moment, headers."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors import messages


@pytest.mark.parametrize("path", ["/api/market/scan", "/api/trend/scan"])
async def test_a_head_never_acts(site: Any, system: Any, path: str) -> None:
    response = await site.send("HEAD", path)
    assert response.status == 405
    assert system.asked == []


async def test_a_head_is_a_get_without_the_body(site: Any) -> None:
    head, get = await site.send("HEAD", "/api/health"), await site.send("GET", "/api/health")
    assert (head.status, head.body) == (200, b"")
    assert head.headers["Content-Length"] == str(len(get.body))


async def test_unknown_parameters_are_named_in_a_header_that_they_cannot_break(site: Any) -> None:
    response = await site.send("GET", "/api/state?foo=1&%0d%0aX-Evil=2&_=3&%E2%82%BF=1")
    assert response.headers["X-Unknown-Parameters"] == "foo, %0D%0AX-Evil, %E2%82%BF"


async def test_text_is_text(site: Any) -> None:
    response = await site.send("GET", "/api/signal/pending")
    assert response.headers["Content-Type"] == "text/plain; charset=utf-8"


async def test_an_answer_is_encoded_once_a_moment(site: Any, system: Any) -> None:
    first = await site.send("GET", "/api/state")
    assert (await site.send("GET", "/api/state")).body == first.body
    assert len(system.asked) == 1
    system.answers[messages.BoardState] = messages.State({}, (), 1)
    system.published += 1
    assert (await site.send("GET", "/api/state")).json()["ts"] == 1

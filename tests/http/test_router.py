"""Paths and methods: what is found, what is not, and what is named instead."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.errors import (
    SignalNotFound,
)
from tests.fakes.site import IDLE, code


@pytest.mark.parametrize(
    "path", ["//", "/api", "/api/nope", "/api/signal/ETHUSDT/nope", "/api/trend//", "/api/market/list"]
)
async def test_an_unknown_path_is_404(site: Any, path: str) -> None:
    assert code(await site.send("GET", path)) == (404, "not_found")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("POST", "/api/health", "GET, HEAD, OPTIONS"),
        ("GET", "/api/signal/cleanup", "POST, OPTIONS"),
        ("POST", "/api/trend/all", "GET, HEAD, OPTIONS"),
        ("POST", "/api/signal/list", "GET, HEAD, OPTIONS"),
        ("PUT", "/api/signal", "POST, OPTIONS"),
        ("POST", "/api/market/BTC", "GET, HEAD, OPTIONS"),
        ("DELETE", "/api/market/scan", "GET, POST, OPTIONS"),
    ],
)
async def test_another_method_is_405_and_the_right_ones_are_named(
    site: Any, method: str, path: str, allow: str
) -> None:
    response = await site.send(method, path)
    assert code(response) == (405, "method_not_allowed")
    assert response.headers["Allow"] == allow


async def test_options_names_the_methods(site: Any) -> None:
    response = await site.send("OPTIONS", "/api/signal")
    assert (response.status, response.headers["Allow"], response.body) == (204, "POST, OPTIONS", b"")


async def test_a_trailing_slash_is_the_same_route(site: Any) -> None:
    assert (await site.send("GET", "/api/health/")).status == 200
    assert (await site.send("POST", "/api/agent/coo/", data=IDLE)).status == 200


async def test_a_slash_in_a_symbol_may_be_encoded(site: Any, system: Any) -> None:
    system.answers[messages.SignalOf] = SignalNotFound("none")
    await site.send("GET", "/api/signal/BTC%2FUSDT")
    assert system.asked == [messages.SignalOf("BTC/USDT")]


@pytest.mark.parametrize("word", ["all", "scan", "list", "pending", "cleanup", "%61ll"])
async def test_a_reserved_word_is_never_a_symbol(site: Any, system: Any, word: str) -> None:
    response = await site.send("POST", f"/api/signal/{word}/confirm")
    assert response.status == 404
    assert system.asked == []

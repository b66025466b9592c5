"""Methods, paths, headers and bodies: what holds for every route."""

from __future__ import annotations

from typing import Any

import pytest

from tests.fakes.site import IDLE, code

# --- routes and methods ------------------------------------------------------------------------------------------


async def test_the_bare_address_leads_to_the_dashboard(site: Any) -> None:
    response = await site.send("GET", "/", allow_redirects=False)
    assert (response.status, response.headers["Location"]) == (302, "/api/dashboard")


# --- headers -----------------------------------------------------------------------------------------------------


async def test_every_answer_says_how_to_treat_it(site: Any) -> None:
    for method, path in (
        ("GET", "/api/health"),
        ("GET", "/api/nope"),
        ("OPTIONS", "/api/health"),
        ("GET", "/api/docs"),
    ):
        response = await site.send(method, path)
        assert response.headers["Cache-Control"] == "no-store"
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert response.headers["Server"] == "opentrader"
        assert response.headers["X-Request-ID"]


async def test_the_request_id_is_echoed_in_header_and_error(site: Any) -> None:
    response = await site.send("GET", "/api/nope", headers={"X-Request-ID": "cc-1"})
    assert response.headers["X-Request-ID"] == response.json()["request_id"] == "cc-1"


@pytest.mark.parametrize("given", ["x" * 129, "a b", "<b>", "", "\u00fc"])
async def test_a_request_id_that_no_log_should_hold_is_replaced(site: Any, given: str) -> None:
    response = await site.send("GET", "/api/health", headers={"X-Request-ID": given})
    assert response.headers["X-Request-ID"] not in {given, ""}


# --- bodies ------------------------------------------------------------------------------------------------------


async def test_an_unknown_agent_is_404_before_its_body_is_read(site: Any) -> None:
    assert code(await site.send("POST", "/api/agent/bob", data=b"{]")) == (404, "agent_not_found")


async def test_the_name_of_an_agent_has_no_letter_case(site: Any, system: Any) -> None:
    assert (await site.send("POST", "/api/agent/COO", data=IDLE)).status == 200


# --- order of checks ---------------------------------------------------------------------------------------------


async def test_the_license_comes_before_the_body(site: Any, system: Any) -> None:
    system.licensed = False
    response = await site.send("POST", "/api/mr-combined/scan-and-signal?agent=%20", data=b"{]")
    assert code(response) == (503, "license_required")
    assert response.json()["hint"]


# --- errors ------------------------------------------------------------------------------------------------------

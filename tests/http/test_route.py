"""One row of the table: what it changes, and where its fields stand in a request."""

from __future__ import annotations

from opentrader.actors import messages
from opentrader.http.route import Route, also_post

ROUTE = Route("GET", "/api/x/{symbol}", "x", "X", messages.StoreTrend)


def test_a_get_changes_nothing_unless_it_says_so() -> None:
    assert not ROUTE.changes_state
    got, posted = also_post(ROUTE)
    assert got.changes_state
    assert (posted.method, posted.path, posted.operation) == ("POST", ROUTE.path, "xPost")


def test_fields_stand_in_the_path_then_the_query_or_the_body() -> None:
    assert ROUTE.places["symbol"] == "path"
    assert set(ROUTE.places.values()) == {"path", "query"}
    bodied = Route("POST", ROUTE.path, "x", "X", messages.StoreTrend, body="required", query=("trend",))
    assert (bodied.places["trend"], bodied.places["timestamp"]) == ("query", "body")


def test_what_only_the_daemon_sets_is_no_place() -> None:
    hidden = Route("POST", ROUTE.path, "x", "X", messages.StoreTrend, internal=("trend",))
    assert "trend" not in hidden.places


def test_a_page_has_neither_fields_nor_a_license() -> None:
    page = Route("GET", "/", "page", "X", page="docs")
    assert (page.places, page.licensed) == ({}, False)

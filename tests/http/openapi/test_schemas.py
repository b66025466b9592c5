"""Schemas of requests and replies, from the annotations that parse them."""

from __future__ import annotations

import pytest

from opentrader.actors import messages
from opentrader.http.openapi.schemas import reply_of, reply_schema, request_of, schema_name
from opentrader.http.route import Route
from opentrader.http.routes import ROUTES


def test_a_reply_is_named_without_the_suffix() -> None:
    assert [schema_name(name) for name in ("TradeReply", "Health", "ReplyTo")] == ["Trade", "Health", "ReplyTo"]


def test_a_field_without_a_default_is_required() -> None:
    request = request_of(Route("POST", "/x/{symbol}", "x", "X", messages.StoreTrend, body="required"))
    required = {field.name: field.required for field in request.fields}
    assert (required["symbol"], required["trend"]) == (True, True)
    assert [field.name for field in request.at("path")] == ["symbol"]


def test_a_url_knows_no_null() -> None:
    fields = [field for route in ROUTES for field in request_of(route).at("path", "query")]
    assert fields
    assert [field.name for field in fields if {"type": "null"} in field.schema.get("anyOf", ())] == []


@pytest.mark.parametrize("message", [messages.BoardState, messages.HealthOf, messages.OpenTrades])
def test_what_is_always_sent_is_required(message: type) -> None:
    schema, named = reply_schema(reply_of(message))
    for part in (schema, *named.values()):
        constants = [name for name, value in part.get("properties", {}).items() if "const" in value]
        assert set(constants) <= set(part.get("required", ()))

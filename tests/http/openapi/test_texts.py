"""The words of the document: one sentence for each operation, and fields that there are."""

from __future__ import annotations

import pytest

from opentrader.http.openapi.schemas import request_of
from opentrader.http.openapi.texts import FIELDS, summary_of
from opentrader.http.route import Route
from opentrader.http.routes import ROUTES


@pytest.mark.parametrize("route", ROUTES, ids=lambda route: route.operation)
def test_an_operation_is_summed_up_in_one_line(route: Route) -> None:
    assert summary_of(route).strip()
    assert "\n" not in summary_of(route)


def test_no_text_is_about_a_field_that_does_not_exist() -> None:
    asked = {field.name for route in ROUTES for field in request_of(route).fields}
    assert set(FIELDS) <= asked

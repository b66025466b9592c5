"""An error becomes a status and a body: its own facts, and nothing of ours."""

from __future__ import annotations

import logging
from typing import Any

import orjson
import pytest

from opentrader.actors import messages
from opentrader.errors import (
    AskTimeout,
    ExchangeError,
    NotReady,
    Overloaded,
    ShuttingDown,
    SignalExpired,
    SignalNotFound,
    SignalNotPending,
    StorageError,
)
from tests.fakes.site import JSON, code

FAILURES = [
    (SignalNotFound("none"), 404, "signal_not_found"),
    (SignalNotPending("decided", signal_status="consumed"), 409, "signal_not_pending"),
    (SignalExpired("too late", signal_status="expired"), 410, "signal_expired"),
    (ExchangeError("the venue is down"), 500, "exchange_error"),
    (Overloaded("full"), 503, "overloaded"),
    (NotReady("restarting"), 503, "not_ready"),
    (ShuttingDown("stopping"), 503, "shutting_down"),
    (StorageError("disk full"), 503, "storage_error"),
    (AskTimeout("no answer within 300 s"), 504, "timeout"),
]


@pytest.mark.parametrize(("error", "status", "name"), FAILURES, ids=str)
async def test_an_error_has_its_status_and_its_facts(
    site: Any, system: Any, error: Any, status: int, name: str
) -> None:
    system.answers[messages.SignalOf] = error
    response = await site.send("GET", "/api/signal/BTC")
    told = response.json()
    assert (response.status, told["ok"], told["code"], told["detail"]) == (status, False, name, error.detail)
    assert told | error.facts == told
    assert (
        ("Retry-After" in response.headers)
        == told.get("retryable", False)
        == name.endswith(("overloaded", "not_ready", "shutting_down", "storage_error"))
    )


async def test_a_fault_of_our_own_tells_nothing_but_the_log(
    site: Any, system: Any, caplog: pytest.LogCaptureFixture
) -> None:
    system.answers[messages.BoardState] = RuntimeError("the password is hunter2")
    with caplog.at_level(logging.ERROR):
        response = await site.send("GET", "/api/state")
    assert code(response) == (500, "internal_error")
    assert b"hunter2" not in response.body
    assert "hunter2" in caplog.text
    assert response.headers["X-Request-ID"] in caplog.text


async def test_a_long_value_is_not_repeated_at_length(site: Any) -> None:
    response = await site.send(
        "POST", "/api/agent/coo", data=orjson.dumps({"status": "idle", "action": "x" * 600}), headers=JSON
    )
    assert response.status == 422
    assert len(response.body) < 600

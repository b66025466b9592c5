"""The order of the time limits: the inner one ends first, so that the error comes from who knows what happened."""

from __future__ import annotations

import re

import pytest

from opentrader.actors.runtime.limits import Limits
from opentrader.domain import time_limits as limits
from opentrader.domain.trading.lifecycle import BINANCE
from tests.paths import REPOSITORY

PROBE = re.search(r"HEALTHCHECK.*--timeout=(\d+)s", (REPOSITORY / "Dockerfile").read_text())


@pytest.mark.parametrize(
    ("inner", "outer"),
    [
        ("SCAN_SECONDS", "REQUEST_SECONDS"),
        ("ENTRY_SECONDS", "REQUEST_SECONDS"),
        ("CLOSE_SECONDS", "REQUEST_SECONDS"),
        ("PENDING_SECONDS", "REQUEST_SECONDS"),
        ("LOOKUP_SECONDS", "PENDING_SECONDS"),  # a check of pending entries asks PositionManager to adopt
        ("LOOKUP_SECONDS", "CLOSE_SECONDS"),
        ("APPROVAL_SECONDS", "SCAN_SECONDS"),  # a scan emits signals, each with a request for approval
        ("TELEGRAM_SECONDS", "APPROVAL_SECONDS"),
        ("NEWS_SECONDS", "FEED_SECONDS"),  # a caller does not wait for the slowest feed
        ("STARTUP_SECONDS", "REQUEST_SECONDS"),
        ("HEALTH_SECONDS", "STARTUP_SECONDS"),
        ("FIRST_READ_SECONDS", "STARTUP_SECONDS"),
        ("LATE_MS", "RECV_WINDOW_MS"),  # what we would send too late is not sent, before the venue has to refuse it
    ],
)
def test_the_inner_limit_is_the_shorter_one(inner: str, outer: str) -> None:
    assert getattr(limits, inner) < getattr(limits, outer)


def test_a_stuck_handler_is_reported_long_before_the_daemon_ends_for_it() -> None:
    assert Limits().stuck_seconds < limits.STUCK_SECONDS


def test_requests_wait_for_a_start_as_long_as_one_actor_may_take() -> None:
    assert Limits().start_seconds <= limits.STARTUP_SECONDS


def test_a_probe_of_the_container_waits_longer_than_health_takes() -> None:
    assert PROBE is not None
    assert int(PROBE[1]) > limits.HEALTH_SECONDS


def test_an_order_is_unknown_for_longer_than_the_venue_may_still_take_it() -> None:
    assert BINANCE.horizon > limits.RECV_WINDOW_MS

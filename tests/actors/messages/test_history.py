"""Messages about the past: pages of closed trades and of the audit log."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.actors import messages
from tests.actors.messages.parsing import parsed, refused


@pytest.mark.parametrize(("kind", "most"), [(messages.HistoryOf, 200), (messages.AuditOf, 500)])
def test_a_page_has_a_size_and_a_start(kind: Any, most: int) -> None:
    assert (parsed(kind).limit, parsed(kind).offset) == (50, 0)
    assert refused(kind, limit=most) == set()
    assert refused(kind, limit=most + 1) == {"limit"}
    assert refused(kind, limit=0) == {"limit"}
    assert refused(kind, offset=2**63) == {"offset"}


def test_the_audit_log_is_filtered_by_seconds_not_milliseconds() -> None:
    assert refused(messages.AuditOf, since=1_714_216_800) == set()
    assert refused(messages.AuditOf, since=1_714_216_800_000) == {"since"}


def test_the_past_is_read_by_one_actor_and_synced_by_the_one_that_trades() -> None:
    assert {messages.HistoryOf.owner, messages.StatsOf.owner, messages.AuditOf.owner} == {"archive"}
    assert messages.SyncTrades.owner == "position_manager"

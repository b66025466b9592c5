"""What counts as a change between two reads of a kind."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from opentrader.actors import messages
from opentrader.errors import LicenseRequired
from opentrader.http.events.kinds import KINDS, EventKind, snapshot
from tests.fakes.system import FakeSystem


@dataclass(frozen=True, slots=True)
class Row:
    id: str
    price: float
    age_sec: int = 0


A, B = Row("A", 1.0), Row("B", 2.0)
KIND = EventKind(messages.OpenTrades(), lambda reply: reply.trades, ("id",))


def test_a_new_and_a_different_row_are_sent_whole_and_a_lost_one_by_its_key() -> None:
    assert KIND.changes([A], [A, B]) == [{"id": "B", "price": 2.0, "age_sec": 0}]
    assert KIND.changes([A], [replace(A, price=1.5)]) == [{"id": "A", "price": 1.5, "age_sec": 0}]
    assert KIND.changes([A, B], [B]) == [{"id": "A", "gone": True}]


def test_growing_older_is_no_change() -> None:
    assert KIND.changes([A], [replace(A, age_sec=60)]) == []


def test_after_a_refusal_every_row_is_sent_again() -> None:
    assert KIND.changes("license_required", [A]) == snapshot([A])
    assert KIND.changes([A], "license_required") == [{"code": "license_required"}]
    assert KIND.changes("license_required", "license_required") == []


def test_of_a_log_only_new_lines_are_sent_also_when_old_ones_are_dropped() -> None:
    log = replace(KIND, append_only=True)
    assert log.changes([A, B], [B, A]) == snapshot([A])
    assert log.changes([A], [A]) == []
    assert log.changes([A], [B]) == snapshot([B])


def test_a_refused_view_is_read_as_its_code_and_halt_needs_no_license() -> None:
    system: Any = FakeSystem()
    system.licensed = False
    system.answers[messages.OpenTrades] = messages.TradeList((), 0)
    kind = replace(KIND, gate=messages.ExecuteTrade)
    assert kind.read(system) == LicenseRequired.code
    assert KIND.read(system) == []
    assert KINDS["halt"].gate is messages.Halt

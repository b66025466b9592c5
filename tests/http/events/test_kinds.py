"""What counts as a change between two reads of the rows of a kind, and what is told of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opentrader.actors import messages
from opentrader.domain.agents import LogLine
from opentrader.errors import LicenseRequired, NotReady
from opentrader.http.events.kinds import KINDS, EventKind, Rows, snapshot
from tests.fakes.system import FakeSystem
from tests.http.events.event_stream import EMPTY, SIGNAL, STATUS, board

SOL = replace(SIGNAL, symbol="SOLUSDT")
SIGNALS, LOG = KINDS["signal"], KINDS["log"]


@pytest.fixture
def full(system: FakeSystem) -> FakeSystem:
    system.answers.update(EMPTY)
    return system


def symbols(events: list[dict[str, Any]]) -> list[tuple[str, bool]]:
    return [(event["symbol"], event.get("gone", False)) for event in events]


def lines(*numbers: int) -> list[LogLine]:
    return [LogLine(number, "coo", "info", f"line {number}") for number in numbers]


# --- reading -----------------------------------------------------------------------------------------------------


def test_every_kind_can_be_read(full: FakeSystem) -> None:
    rows = {name: len(kind.read(full)) for name, kind in KINDS.items()}
    assert rows == dict.fromkeys(KINDS, 0) | {"halt": 1, "license": 1}


def test_agents_and_the_halt_are_rows_of_their_own_shape(full: FakeSystem) -> None:
    full.answers[messages.BoardState] = board("Scan", log=lines(1, 2))
    full.answers[messages.StatusOf] = replace(STATUS, halted=True, halt_reason="lunch")
    assert snapshot(KINDS["agent"].read(full)) == [{"agent": "a0", "status": "running", "action": "Scan", "ts": 1}]
    assert snapshot(KINDS["halt"].read(full)) == [{"halted": True, "reason": "lunch", "since": None}]
    assert [row["ts"] for row in snapshot(LOG.read(full))] == [1, 2]  # oldest first


def test_a_page_is_told_when_it_begins_and_when_it_ends(full: FakeSystem) -> None:
    begun = messages.AlertRow("quarantine", "01J", "ETHUSDT", "in quarantine", 7)
    before = KINDS["page"].read(full)
    full.answers[messages.StatusOf] = replace(STATUS, alerts=(begun,))
    full.licensed = False  # nobody is left without a page because of a license
    during = KINDS["page"].read(full)
    (told,) = KINDS["page"].changes(before, during)
    assert told == {"code": "quarantine", "trade": "01J", "symbol": "ETHUSDT", "sentence": "in quarantine", "since": 7}
    assert KINDS["page"].changes(during, before) == [
        {"code": "quarantine", "trade": "01J", "symbol": "ETHUSDT", "gone": True}
    ]


def test_a_refused_view_is_its_code(full: FakeSystem) -> None:
    full.answers[messages.StatusOf] = NotReady("the account has not been read yet")
    rows = KINDS["halt"].read(full)
    assert rows == NotReady.code
    assert snapshot(rows) == [{"code": "not_ready"}]


def test_a_halt_is_told_without_a_license_and_pending_entries_are_not(full: FakeSystem) -> None:
    full.licensed = False
    assert KINDS["pending"].read(full) == LicenseRequired.code
    assert snapshot(KINDS["halt"].read(full))[0]["halted"] is False


# --- changes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ([], [SIGNAL], [("ETHUSDT", False)]),
        ([SIGNAL], [], [("ETHUSDT", True)]),
        ([SIGNAL], [SIGNAL, SOL], [("SOLUSDT", False)]),
        ([SIGNAL, SOL], [SOL, SIGNAL], []),
        ([SIGNAL], [replace(SIGNAL, status="expired")], [("ETHUSDT", False)]),
        ([SIGNAL], [replace(SIGNAL, age_sec=77)], []),
        ([SIGNAL], [SOL], [("SOLUSDT", False), ("ETHUSDT", True)]),
    ],
)
def test_only_rows_that_changed_are_told(before: Rows, now: Rows, told: list[tuple[str, bool]]) -> None:
    assert symbols(SIGNALS.changes(before, now)) == told


def test_a_changed_row_is_told_whole_and_a_removed_one_by_its_keys() -> None:
    (event,) = SIGNALS.changes([SIGNAL], [replace(SIGNAL, status="expired", age_sec=9)])
    assert (event["status"], event["age_sec"], event["bot"]) == ("expired", 9, "b")
    assert SIGNALS.changes([SIGNAL], []) == [{"symbol": "ETHUSDT", "gone": True}]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ("license_required", "license_required", []),
        ([SIGNAL], "license_required", [{"code": "license_required"}]),
        ("license_required", "not_ready", [{"code": "not_ready"}]),
    ],
)
def test_a_refusal_is_told_once(before: Rows, now: Rows, told: list[dict[str, Any]]) -> None:
    assert SIGNALS.changes(before, now) == told


@pytest.mark.parametrize("kind", [SIGNALS, replace(SIGNALS, append_only=True)])
def test_after_a_refusal_all_rows_are_told(kind: EventKind) -> None:
    assert symbols(kind.changes("license_required", [SIGNAL, SOL])) == [("ETHUSDT", False), ("SOLUSDT", False)]


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        ((), (1, 2), [1, 2]),
        ((1, 2), (1, 2), []),
        ((1, 2), (1, 2, 3), [3]),
        ((1, 2, 3), (3, 4), [4]),  # the first two were dropped
        ((1, 2), (5, 6), [5, 6]),  # everything known was dropped
        ((1, 1), (1, 1, 1), [1]),  # the same words again
    ],
)
def test_of_a_log_the_lines_after_the_known_ones_are_told(
    before: tuple[int, ...], now: tuple[int, ...], told: list[int]
) -> None:
    assert [event["ts"] for event in LOG.changes(lines(*before), lines(*now))] == told

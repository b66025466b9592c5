"""The real clock keeps a pace, and the real ids sort by their time."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import opentrader
from opentrader.clock import Pace, SortableIds, SystemClock

PACKAGE = Path(opentrader.__file__).parent
_WALL = re.compile(r"\.wall\(\)|\btime\.time\(\)|datetime\.now\(")


@pytest.mark.parametrize(("speed", "passed"), [(1.0, 1_500), (60.0, 90_000), (0.5, 750)])
def test_market_time_runs_at_its_pace(speed: float, passed: int) -> None:
    assert Pace(1_000_000, 50.0, speed).at(51.5) == 1_000_000 + passed


def test_k24_nobody_can_set_what_is_steady(monkeypatch: pytest.MonkeyPatch) -> None:
    shown, passed = 1_700_000_000.0, 5_000.0
    monkeypatch.setattr("opentrader.clock.time.time", lambda: shown)
    monkeypatch.setattr("opentrader.clock.steady", lambda: passed)
    clock = SystemClock()
    shown, passed = 1_699_996_400.0, 5_010.0
    assert (clock.wall(), clock.steady(), clock.market_ms()) == (shown, 1_700_000_010.0, 1_700_000_010_000)


DATES = {
    "actors/analysis/trend_book.py": "when a row was stored",
    "actors/operations/agent_board.py": "the date of a card and of a line",
    "actors/operations/license_guard.py": "whether the clock was set back is the question",
    "actors/operations/pager.py": "dates of pages",
    "clock.py": "the port itself",
    "cli/checks.py": "whether the clock is set is the question",
    "cli/commands.py": "the start of a process that shows one thing and ends",
    "http/events/log.py": "dates of events, and their first id",
    "http/idempotency.py": "dates of the audit log",
    "system/composition.py": "whether the clock was set back is the question",
    "system/market.py": "where market time starts",
    "system/trading_system.py": "dates of replies",
}


def test_k24_the_wall_clock_dates_and_never_measures() -> None:
    """Wall time can be set forward or back: a module that begins to read it is to say what for."""
    sources = {path: path.read_text() for path in sorted(PACKAGE.rglob("*.py"))}
    reads = {str(path.relative_to(PACKAGE)) for path, text in sources.items() if _WALL.search(text)}
    assert reads == DATES.keys()


def test_ids_are_ulids_in_the_order_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    instants = iter([1_700_000_000.0, 1_700_000_000.001, 1_900_000_000.0])
    monkeypatch.setattr("opentrader.clock.time.time", lambda: next(instants))
    made = [SortableIds().new() for _ in range(3)]
    assert made == sorted(made)
    assert {len(one) for one in made} == {26}
    assert not set("".join(made)) & set("ILOU")

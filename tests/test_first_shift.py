"""The market that a newcomer meets: what is known of it is what the search finds."""

from __future__ import annotations

import pytest

from opentrader import first_shift as first
from opentrader.config import DEFAULT_WATCHLIST
from opentrader.feed import SimulatedChoice
from opentrader.feed.known_weeks import WATCHLIST
from opentrader.feed.weeks import WEEK_MS, start_of_week

MONDAY = start_of_week(1_714_219_200_000)
FOUR_HOURS = 14_400_000


def shift(at_ms: int, *, seed: int | None = None) -> int:
    choice = SimulatedChoice() if seed is None else SimulatedChoice(seed)
    return first.first_shift(choice, WATCHLIST, "4h", at_ms)


def test_the_known_watchlist_is_the_default_one() -> None:
    assert WATCHLIST == DEFAULT_WATCHLIST


@pytest.mark.parametrize("day", range(7))
def test_what_is_known_is_what_the_search_finds(day: int, monkeypatch: pytest.MonkeyPatch) -> None:
    instants = [MONDAY + (6 * day + hours) * FOUR_HOURS + 7_000_000 for hours in range(6)]
    known = [shift(at_ms) for at_ms in instants]
    monkeypatch.setattr(first, "known_week", lambda *_: None)
    assert known == [shift(at_ms) for at_ms in instants]


def test_another_market_is_searched() -> None:
    assert shift(MONDAY, seed=7) % WEEK_MS == 0

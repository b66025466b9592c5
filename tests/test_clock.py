"""The real clock keeps a pace, and the real ids sort by their time."""

from __future__ import annotations

import pytest

from opentrader.clock import Pace, SortableIds


@pytest.mark.parametrize(("speed", "passed"), [(1.0, 1_500), (60.0, 90_000), (0.5, 750)])
def test_market_time_runs_at_its_pace(speed: float, passed: int) -> None:
    assert Pace(1_000_000, 50.0, speed).at(51.5) == 1_000_000 + passed


def test_ids_are_ulids_in_the_order_of_time(monkeypatch: pytest.MonkeyPatch) -> None:
    instants = iter([1_700_000_000.0, 1_700_000_000.001, 1_900_000_000.0])
    monkeypatch.setattr("opentrader.clock.time.time", lambda: next(instants))
    made = [SortableIds().new() for _ in range(3)]
    assert made == sorted(made)
    assert {len(one) for one in made} == {26}
    assert not set("".join(made)) & set("ILOU")

"""Medians of what is measured in turns; and a slow path looks slow."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bench.comparison import changes
from bench.document import Document
from bench.row import Figure, Result, Run, at_least
from bench.rows.analysis import series
from bench.timing import OWN_CPU, Sample, in_turns, interleaved, repeats_for, times_as_fast, times_the_cost
from opentrader.indicators import indicator_series
from tests.bench.conftest import made_row


def test_another_one_goes_first_each_time() -> None:
    order: list[str] = []
    numbers: Iterator[float] = iter(range(9))

    def reading(name: str) -> Callable[[], float]:
        def read() -> float:
            order.append(name)
            return next(numbers)

        return read

    found = in_turns({name: reading(name) for name in "abc"}, 3)
    assert "".join(order) == "abcbcacab"
    assert found == {"a": Sample((0, 5, 7)), "b": Sample((1, 3, 8)), "c": Sample((2, 4, 6))}
    assert [sample.median for sample in found.values()] == [5, 3, 4]


def test_each_call_is_made_as_often_as_its_repeats_say() -> None:
    made = {"ours": 0, "anchor": 0}
    now = 0.0

    def call(name: str) -> Callable[[], None]:
        def pass_time() -> None:
            nonlocal now
            made[name] += 1
            now += 2.0 if name == "ours" else 6.0

        return pass_time

    found = interleaved({name: call(name) for name in made}, clock=lambda: now)
    repeats = repeats_for(8.0)
    assert made == {
        "ours": repeats + 2,
        "anchor": repeats + 2,
    }  # the first warms up, the second tells how long it takes
    assert found == {"ours": Sample((2.0,) * repeats), "anchor": Sample((6.0,) * repeats)}


def test_a_fast_call_is_repeated_within_a_repeat() -> None:
    now = 0.0

    def tick() -> None:
        nonlocal now
        now += 0.001

    found = interleaved({"fast": tick}, clock=lambda: now, repeats=15)
    assert found["fast"].median == pytest.approx(0.001)
    assert now == pytest.approx(0.001 * (2 + 15 * 5))


@pytest.mark.parametrize(("seconds", "repeats"), [(0.001, 31), (0.5, 15), (1.0, 15), (2.0, 5), (11.0, 3)])
def test_repeats(seconds: float, repeats: int) -> None:
    assert repeats_for(seconds) == repeats


def test_ratios() -> None:
    ours, anchor = Sample((1.0, 2.0, 9.0)), Sample((8.0, 6.0, 4.0))
    fast = times_as_fast("all", ours, anchor, at_least(3.0))
    assert fast == Figure("all", 3.0, "x", at_least(3.0), ours=2.0, anchor=6.0, repeats=3)
    assert fast.verdict == "met"
    assert times_the_cost("all", anchor, ours).value == 3.0
    assert anchor.minus(ours) == Sample((7.0, 4.0, -5.0))
    assert ours.per(2) == Sample((0.5, 1.0, 4.5))


def work(amount: int) -> int:
    return sum(number * number for number in range(amount))


def test_more_work_is_slower() -> None:
    found = interleaved(
        {"ours": lambda: work(2_000), "slowed": lambda: work(40_000), "anchor": lambda: work(2_000)}, clock=OWN_CPU
    )
    plain, slowed = (times_as_fast("work", found[name], found["anchor"]).value or 0 for name in ("ours", "slowed"))
    assert slowed < plain / 4


def test_a_row_whose_path_is_slowed_on_purpose_regresses(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    run = Run(tmp_path, say=lambda text: None)
    machine = {"cpu": "this one", "cores": 1}

    def measured() -> Document:
        return Document(machine, "", "", (Result(made_row(), tuple(series.measure(run))),))

    before, real = measured(), indicator_series
    monkeypatch.setattr(series, "indicator_series", lambda candles: [real(candles) for _ in range(10)][-1])
    all_bars, last_only = changes(before, measured())
    assert all_bars.regressed
    assert all_bars.factor < 0.5
    assert last_only.factor > 2 * all_bars.factor

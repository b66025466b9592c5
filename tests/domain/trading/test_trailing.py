"""The trailing stop: examples, golden results, and that it only ever tightens."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.analysis.parameters import TRAILING
from opentrader.domain.trading import trailing
from opentrader.domain.trading.trailing import trail_stop
from tests.indicators.recorded import golden

EXAMPLES = [
    (("buy", 100, 98, 98, 101.9, 101.5, 1, 0.01), 98, "hold"),
    (("buy", 100, 98, 98, 102, 101.8, 1, 0.01), 100.30, "break_even"),
    (("buy", 100, 98, 98, 104, 103.5, 1, 0.01), 101.00, "chandelier"),
    (("buy", 100, 98, 101, 104, 103.5, 1.2, 0.01), 101, "hold"),
    (("buy", 100, 98, 98, 104, 101.1, 1, 0.01), 98, "too_close"),
    (("sell", 100, 102, 102, 95.987, 96.2, 0.5, 0.05), 97.50, "chandelier"),
    (("buy", 100, 101, 98, 104, 103.5, 1, 0.01), 98, "hold"),
    (("buy", 100, 98, 98, 104, 103.5, None, 0.01), 98, "hold"),
    (("buy", 100, 98, 98, 104, 103.5, 0, 0.01), 98, "hold"),
]


@pytest.mark.parametrize(("args", "stop", "reason"), EXAMPLES)
def test_examples(args: Any, stop: float, reason: str) -> None:
    assert trail_stop(*args) == (stop, reason)


def test_golden(shared: Path) -> None:
    entries = golden(shared, "trail") + golden(shared, "edges")["trail"]
    assert len(entries) == 420
    for entry in entries:
        assert list(trail_stop(*entry["args"])) == entry["expect"], entry


def follow(side: str, moves: list[float], tick: float, atrs: list[float]) -> None:
    """Walk a price away from 100 and trail: the stop only tightens, on tick, behind the price."""
    sign = 1 if side == "buy" else -1
    sl0 = stop = 100.0 - sign * 2
    best = 100.0
    for move, atr in zip(moves, atrs, strict=True):
        last = 100 + sign * move
        best = max(best, last) if sign > 0 else min(best, last)
        new, reason = trail_stop(side, 100.0, sl0, stop, best, last, atr, tick)  # type: ignore[arg-type]  # `side` is drawn from the literals
        assert sign * (new - stop) >= 0
        assert (new != stop) == (reason in {"break_even", "chandelier"})
        if new != stop:
            assert Decimal(str(new)) % Decimal(str(tick)) == 0
            assert sign * (last - new) >= max(tick, TRAILING.min_gap_atr * atr) - 1e-9
            assert sign * (new - 100 * (1 + sign * TRAILING.be_cost_pct / 100)) >= -tick
        stop = new


walks = st.lists(st.tuples(st.floats(-1.9, 30), st.floats(0.05, 4)), min_size=1, max_size=30)
ticks = st.sampled_from([0.0001, 0.01, 0.05, 0.1, 0.5])


@given(st.sampled_from(["buy", "sell"]), walks, ticks)
def test_only_tightens_on_tick_behind_the_price(side: str, walk: list[tuple[float, float]], tick: float) -> None:
    follow(side, [move for move, _ in walk], tick, [atr for _, atr in walk])


def test_a_stop_off_the_tick_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    path = ("buy", [2.03, 5.037, 7.011], 0.05, [1.0, 1.003, 1.0])
    follow(*path)
    monkeypatch.setattr(trailing, "_on_tick", lambda side, price, tick: price)
    with pytest.raises(AssertionError):
        follow(*path)

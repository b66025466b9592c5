"""The odds of a driftless walk between stop and target."""

from __future__ import annotations

from typing import Any

import pytest

from opentrader.domain.analysis.candles import Block
from opentrader.indicators.kernels import slots as at


@pytest.mark.parametrize(("sl", "tp", "odds"), [(90.0, 110.0, 0.5), (90.0, 130.0, 0.25), (70.0, 110.0, 0.75)])
def test_the_odds_are_the_share_of_the_stop(kernels: Any, state: Block, sl: float, tp: float, odds: float) -> None:
    state[at.TRADE_SIDE], state[at.TRADE_ENTRY], state[at.TRADE_SL], state[at.TRADE_TP] = 1.0, 100.0, sl, tp
    assert kernels("replay").random_walk_odds(state) == pytest.approx(odds)

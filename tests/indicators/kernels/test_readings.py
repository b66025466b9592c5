"""A reading has room for all that is asked of it, and says nothing that was not."""

from __future__ import annotations

import numpy as np

from opentrader.domain.analysis.candles import Candles
from opentrader.domain.analysis.parameters import ANALYSIS, MEAN_REVERSION
from opentrader.indicators.kernels import readings
from opentrader.indicators.kernels.analysis import analyse
from opentrader.indicators.vectors import initial
from tests.indicators.vector import STEP_MS, vector


def test_what_was_not_asked_is_left_out() -> None:
    block, start = Candles.of(vector().T).block, initial(ANALYSIS, MEAN_REVERSION)
    trend = analyse(start, block, float(STEP_MS), float("inf"), readings.TREND)
    both = analyse(start, block, float(STEP_MS), float("inf"), readings.TREND | readings.REVERSION)
    assert trend.shape == both.shape == (readings.LENGTH,)
    assert np.count_nonzero(~np.isnan(both)) > np.count_nonzero(~np.isnan(trend)) or not np.array_equal(both, trend)

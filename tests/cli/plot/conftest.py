"""One reading of the simulated market, for all charts."""

from __future__ import annotations

import pytest

from opentrader.config.settings import Settings
from opentrader.research import Reading, read_market

AT = "2024-04-15T12:00Z"


@pytest.fixture(scope="module")
def reading() -> Reading:
    return read_market("BTC", settings=Settings(feed="simulated", at=AT))

"""Charts: what they show, that they need no network, that the same market gives the same file."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from opentrader.cli.plot import chart as charts
from opentrader.cli.tables import price
from opentrader.config.settings import Settings
from opentrader.errors import NotPossible
from opentrader.research import Reading, read_market

AT = "2024-04-15T12:00Z"
MARKET = "simulated market"
PNG = b"\x89PNG\r\n\x1a\n"


def test_the_title_says_market_decision_and_reason(reading: Reading) -> None:
    chart = charts.chart_of(reading, MARKET)
    decision = reading.context.priority_decision.replace("_", " ").upper()
    assert chart.title == "BTC · 4h in 1d"
    assert chart.because.startswith(f"{decision} · ")
    assert chart.foot == f"simulated market · 2024-04-15 12:00 UTC · last price {price(chart.last)} · opentrader"


def test_the_last_price_is_that_of_the_running_candle() -> None:
    running = read_market("BTC", settings=Settings(feed="simulated", at="2024-04-15T13:30Z"))
    chart = charts.chart_of(running, MARKET)
    assert chart.last == running.price == running.mtf[-1, 4]
    assert chart.last != chart.candles.close[-1]


def test_a_name_stands_below_its_line_where_another_line_is_close_above(reading: Reading) -> None:
    htf = reading.context.htf
    assert htf.range_high is not None
    assert htf.range_low is not None
    for share, below in ((0.99, [False, False, True]), (1.01, [True, False, False])):
        level = htf.range_low + share * (htf.range_high - htf.range_low)
        detail = replace(htf.detail, liquidity_level=level)
        context = replace(reading.context, htf=replace(htf, detail=detail))
        chart = charts.chart_of(replace(reading, context=context), MARKET)
        assert [line.is_below for line in chart.levels] == below


def test_the_last_bars_are_shown_and_what_is_drawn_moves_with_them(reading: Reading) -> None:
    whole, part = charts.chart_of(reading, MARKET, 500), charts.chart_of(reading, MARKET, 100)
    hidden = len(whole.candles) - 100
    assert part.candles.ts.tolist() == whole.candles.ts[hidden:].tolist()
    assert [replace(swing, bar=swing.bar + hidden) for swing in part.swings] == [
        swing for swing in whole.swings if swing.bar >= hidden
    ]
    assert [(item.bar + hidden, item.swing.level) for item in part.breaks] == [
        (item.bar, item.swing.level) for item in whole.breaks if item.bar >= hidden
    ]


def test_a_bar_before_the_first_has_its_time(reading: Reading) -> None:
    chart = charts.chart_of(reading, MARKET)
    assert chart.at_ms(0) - chart.at_ms(-3) == 3 * chart.step_ms


def test_the_range_of_the_higher_timeframe_is_drawn_with_its_outer_thirds(reading: Reading) -> None:
    chart, htf = charts.chart_of(reading, MARKET), reading.context.htf
    values = {level.name: level.value for level in chart.levels}
    assert (values["1d range high"], values["1d range low"]) == (htf.range_high, htf.range_low)
    upper, lower = chart.zones
    assert (upper.high, lower.low) == (htf.range_high, htf.range_low)
    assert "too high to buy" in chart.levels[0].label
    assert "too low to sell" in chart.levels[1].label
    assert upper.low - lower.high == pytest.approx(upper.high - upper.low)


def test_a_market_without_candles_has_no_chart(reading: Reading) -> None:
    with pytest.raises(NotPossible):
        charts.chart_of(replace(reading, mtf=np.empty((0, 6))), MARKET)

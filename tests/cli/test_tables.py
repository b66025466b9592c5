"""What the CLI shows: everything in its place at any width, and a word for every reason."""

from __future__ import annotations

import io
from dataclasses import replace
from itertools import product
from typing import Any, get_args

import pytest
from rich.console import Console, RenderableType

from opentrader.cli import tables
from opentrader.config.settings import Settings
from opentrader.domain.analysis import market as labels
from opentrader.domain.analysis.priority import MarketFacts, decide
from opentrader.domain.analysis.reason_codes import DECISIONS, LEVELS, REASONS, explained
from opentrader.research import Reading, explain, scan_market, scan_trend

SETTINGS: dict[str, Any] = {"feed": "simulated", "at": "2024-04-15T12:00Z"}
QUALITIES = ("", "insufficient_data", "stale_data", "flat_market", "data_gaps")


@pytest.fixture(scope="module")
def readings() -> list[Reading]:
    return scan_market(settings=Settings(**SETTINGS))[1]


def drawn(renderable: RenderableType, width: int) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(renderable)
    return console.file.getvalue()  # type: ignore[attr-defined]  # the StringIO of above


@pytest.mark.parametrize("width", [80, 100, 120, 160])
def test_a_market_table_cuts_nothing_off(width: int) -> None:
    scan, readings = scan_market(settings=Settings(**SETTINGS))
    text = drawn(tables.market_table(scan, readings, width=width), width)
    assert "…" not in text
    assert "Market scan · 4h in 1d · simulated · 2024-04-15 12:00 UTC" in text
    for reading in readings:
        (line,) = (line for line in text.splitlines() if line.strip().startswith(f"{reading.context.symbol} "))
        assert tables.price(reading.price) in line
        assert DECISIONS[reading.context.priority_decision] in line


def test_a_wide_terminal_has_all_columns_and_a_narrow_one_those_that_matter(readings: list[Reading]) -> None:
    assert tables.fitting(tables.COLUMNS, readings, 200) == list(tables.COLUMNS)
    narrow = tables.fitting(tables.COLUMNS, readings, 20)
    assert [column.title for column in narrow] == ["Symbol", "Price", "Decision", "Reason", "HTF range"]


def test_columns_that_do_not_fit_are_named(readings: list[Reading]) -> None:
    scan, _ = scan_market(settings=Settings(**SETTINGS))
    narrow, wide = (drawn(tables.market_table(scan, readings, width=width), width) for width in (90, 200))
    fitting = tables.fitting(tables.COLUMNS, readings, 90)
    hidden = ", ".join(column.title for column in tables.COLUMNS if column not in fitting)
    assert hidden
    assert f"Not shown at this width: {hidden}" in " ".join(narrow.split())
    assert "Not shown" not in wide


def test_a_summary_counts_every_decision() -> None:
    scan, readings = scan_market(settings=Settings(**SETTINGS, watchlist="BTC,NOSUCHCOIN"))
    text = drawn(tables.market_table(scan, readings, width=200), 200)
    for name, shown in DECISIONS.items():
        assert f"{shown} {getattr(scan.summary, name)}" in text
    assert "NOSUCHCOIN is not listed" in text


def test_a_trend_table_shows_the_votes() -> None:
    scan = scan_trend("1h", settings=Settings(**SETTINGS))
    lines = drawn(tables.trend_table(scan), 100).splitlines()
    for row in scan.results:
        (line,) = (line for line in lines if line.strip().startswith(f"{row.symbol} "))
        votes = f"{row.score.uptrend}  {row.score.downtrend}  {row.score.sideway}"
        assert votes in line
        assert row.trend in line


@pytest.mark.parametrize(
    ("trend", "reason", "shown"),
    [("uptrend", "", "yes"), ("sideway", "", "no direction"), ("sideway", "volatile_chop", "no: ")],
)
def test_a_market_without_a_direction_is_no_trade(trend: Any, reason: str, shown: str) -> None:
    scan = scan_trend("1h", settings=Settings(**SETTINGS, watchlist="BTC"))
    (row,) = scan.results
    told = replace(scan, results=(replace(row, trend=trend, no_trade=bool(reason), no_trade_reason=reason),))
    (line,) = (line for line in drawn(tables.trend_table(told), 120).splitlines() if line.strip().startswith("BTC "))
    assert shown in line


def test_a_panel_shows_both_timeframes(readings: list[Reading]) -> None:
    context = readings[0].context
    text = drawn(tables.context_panel(readings[0], source="simulated"), 120)
    assert f"Higher timeframe, {context.htf_tf}" in text
    assert f"Middle timeframe, {context.mtf_tf}" in text
    assert explained(context.no_trade_reason) in text
    assert context.htf.macro_phase in text
    assert tables.price(context.htf.range_high) in text


def test_every_level_is_shown_with_its_verdict_and_why(readings: list[Reading]) -> None:
    explanation = explain(readings[0].context)
    text = drawn(tables.levels_table(explanation), 200)
    assert f"level {explanation.decided_by} decides" in text
    for level in explanation.levels:
        (line,) = (line for line in text.splitlines() if LEVELS[level.name] in line)
        assert tables.VERDICTS[level.verdict][0] in line
        looked_at = next(iter(level.inputs)).replace("_", " ")
        assert (explained(level.reason) if level.verdict == "block" else f"{looked_at} ") in line


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (65860.12, "65,860.12"),
        (150.954, "150.95"),
        (37.47, "37.4700"),
        (0.5114, "0.51140"),
        (0.00001234, "0.000012340"),
        (0.0, "0.00"),
        (None, "—"),
    ],
)
def test_prices_have_the_places_their_size_calls_for(value: float | None, shown: str) -> None:
    assert tables.price(value) == shown


@pytest.mark.parametrize(("share", "place"), [(-0.2, 0), (0.0, 0), (0.5, 5), (1.0, 10), (1.7, 10)])
def test_a_gauge_keeps_its_mark_on_the_scale(share: float, place: int) -> None:
    assert tables.gauge(share).plain == "─" * place + "●" + "─" * (10 - place)


def test_every_reason_that_can_be_given_has_words() -> None:
    facts = product(
        QUALITIES,
        get_args(labels.Regime),
        (-1, 0, 1),
        get_args(labels.MacroPhase),
        get_args(labels.RangePosition),
        get_args(labels.LiquidityProfile),
        get_args(labels.BosMode),
        get_args(labels.TrendAge),
    )
    decided = [decide(MarketFacts(*labelled)) for labelled in facts]
    reasons = {entry.reason for decision in decided for entry in decision.trace} | {d.reason for d in decided}
    assert reasons - REASONS.keys() == set()
    assert {d.decision for d in decided} == DECISIONS.keys()
    assert {entry.name for entry in decided[0].trace} == LEVELS.keys()

"""The results of an independent, slow implementation, on recorded candles."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from opentrader.indicators import market_context, mr_signal, trend_result
from tests.indicators.recorded import differences, golden, last_rows, without


def test_market(shared: Path) -> None:
    entries = golden(shared, "market")
    assert len(entries) == 336
    for entry in entries:
        htf_tf, mtf_tf, now_ms = entry["htf_tf"], entry["mtf_tf"], entry["now_ms"]
        htf = last_rows(shared, entry["symbol"], htf_tf, now_ms, entry["bars"])
        mtf = last_rows(shared, entry["symbol"], mtf_tf, now_ms, entry["bars"])
        context = market_context(htf, mtf, htf_tf=htf_tf, mtf_tf=mtf_tf, now_ms=now_ms)
        assert not differences(without(context.to_dict(), "symbol"), without(entry["expect"], "symbol"))


def test_trend(shared: Path) -> None:
    entries = golden(shared, "trend")
    assert len(entries) == 336
    for entry in entries:
        timeframe, now_ms = entry["timeframe"], entry["now_ms"]
        rows = last_rows(shared, entry["symbol"], timeframe, now_ms, entry["bars"])
        result = trend_result(rows, timeframe, now_ms=now_ms)
        assert not differences(without(result.to_dict(), "symbol"), without(entry["expect"], "symbol"))


def test_mean_reversion(shared: Path) -> None:
    entries = golden(shared, "mr")
    assert len(entries) == 192
    for entry in entries:
        timeframe, now_ms = entry["timeframe"], entry["now_ms"]
        rows = last_rows(shared, entry["symbol"], timeframe, now_ms, entry["bars"])
        signal = mr_signal(rows, timeframe, now_ms=now_ms, symbol=entry["symbol"])
        assert signal.reason == entry["reason"]
        if entry["expect"] is not None:
            assert not differences(signal.to_dict(), entry["expect"])


def test_edges(shared: Path) -> None:
    cases = golden(shared, "edges")["cases"]
    assert len(cases) == 178
    for case in cases:
        assert not edge_differences(case), case["name"]


def edge_differences(case: dict[str, Any]) -> list[str]:
    expected = case["expect"]
    if case["fn"] == "market":
        context = market_context(
            case["htf"], case["mtf"], htf_tf=case["htf_tf"], mtf_tf=case["mtf_tf"], now_ms=case["now_ms"]
        )
        return differences(context.to_dict(), expected)
    if case["fn"] == "trend":
        result = trend_result(case["rows"], case["timeframe"], now_ms=case["now_ms"], source="")
        return differences(result.to_dict(), expected)
    signal = mr_signal(case["rows"], case["timeframe"], now_ms=case["now_ms"])
    lines = differences(signal.reason, expected["reason"])
    if expected["signal"] is not None:
        lines += differences(without(signal.to_dict(), "symbol"), without(expected["signal"], "symbol"))
    return lines

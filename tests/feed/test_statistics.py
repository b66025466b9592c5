"""What an analysis finds in the simulated market: everything that the real one shows, about as often."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import get_args

import pytest

from opentrader.domain.analysis.market import LiquidityProfile, MarketContext, PriorityDecision, Regime
from opentrader.domain.timeframes import TF_MS
from opentrader.feed.first_week import FIRST_WEEK_MS
from opentrader.feed.simulated import SimulatedFeed
from opentrader.indicators import AnalysisState

WATCHLIST = ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "AVAX")
BARS, WARMUP, HTF_BARS = 3_000, 150, 300
STEP, DAY = TF_MS["4h"], TF_MS["1d"]
START = FIRST_WEEK_MS


@dataclass
class Findings:
    contexts: list[MarketContext] = field(default_factory=list)
    setups: list[bool] = field(default_factory=list)


def findings(feed: SimulatedFeed, pair: str) -> Findings:
    """The analysis of every bar of 4h with 1d above it, candle by candle as they close."""
    mtf, htf, found = AnalysisState("4h", replay=True), AnalysisState("1d"), Findings()
    days = iter(feed.window(pair, "1d", START - HTF_BARS * DAY, START + BARS * STEP))
    day = next(days)
    for row in feed.window(pair, "4h", START - WARMUP * STEP, START + BARS * STEP):
        mtf.append(*row)
        while day is not None and day[0] + DAY <= row[0] + STEP:
            htf.append(*day)
            day = next(days, None)
        if row[0] >= START:
            found.contexts.append(mtf.market_context(htf, now_ms=None))
            found.setups.append(not mtf.mr_signal(now_ms=None).reason)
    return found


@pytest.fixture(scope="module")
def market() -> dict[str, Findings]:
    feed = SimulatedFeed()
    return {base: findings(feed, f"{base}USDT") for base in WATCHLIST}


def shares(labels: list[str]) -> dict[str, float]:
    return {label: count / len(labels) for label, count in Counter(labels).items()}


def contexts(market: dict[str, Findings]) -> list[MarketContext]:
    return [context for found in market.values() for context in found.contexts]


def test_every_regime_has_its_share(market: dict[str, Findings]) -> None:
    found = shares([context.mtf.regime for context in contexts(market)])
    assert found.keys() == set(get_args(Regime)) - {"unknown"}
    assert min(found.values()) >= 0.02, found


def test_every_decision_occurs(market: dict[str, Findings]) -> None:
    found = shares([context.priority_decision for context in contexts(market)])
    assert found.keys() == set(get_args(PriorityDecision))
    assert 0.05 <= found["trade_long"] + found["trade_short"] <= 0.12, found


def test_every_kind_of_liquidity_occurs(market: dict[str, Findings]) -> None:
    found = shares([context.htf.liquidity_profile for context in contexts(market)])
    assert found.keys() == set(get_args(LiquidityProfile))


def test_mean_reversion_finds_setups_in_every_stretch(market: dict[str, Findings]) -> None:
    for base, found in market.items():
        last = -1
        for bar, setup in enumerate([*found.setups, True]):
            if setup:
                assert bar - last <= 1_000, f"{base}: no setup from bar {last + 1} to {bar}"
                last = bar
    setups = [setup for found in market.values() for setup in found.setups]
    assert 0.02 <= sum(setups) / len(setups) <= 0.10

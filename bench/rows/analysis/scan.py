"""P2: the analysis of 500 symbols, as a scan answers it, against TA-Lib computing only the indicators."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import orjson

from bench.anchors import ta_lib
from bench.candles import STEP_MS, Table, walk
from bench.row import Figure, Row, Run, at_least
from bench.subject.analysis import Candles, MarketContext, market_context, market_scan
from bench.timing import OWN_CPU, interleaved, times_as_fast

SYMBOLS = 500
DAY_MS = 6 * STEP_MS


class Market(NamedTuple):
    """The candles of one symbol, as the feed hands them over."""

    symbol: str
    htf: Table
    mtf: Table
    now_ms: int


class CleanMarket(NamedTuple):
    """The same, cleaned."""

    symbol: str
    htf: Candles
    mtf: Candles
    now_ms: int


def measure(run: Run) -> Iterator[Figure]:
    run.say("making candles of 500 symbols")
    markets = [_market(number) for number in range(SYMBOLS)]
    clean = [CleanMarket(m.symbol, Candles.of(m.htf.T), Candles.of(m.mtf.T), m.now_ms) for m in markets]
    columns = [candles for market in clean for candles in (market.htf, market.mtf)]
    run.say("scanning")
    found = interleaved(
        {
            "scan": lambda: answered(clean),
            "contexts": lambda: contexts(clean),
            "rows": lambda: answered(markets),
            "TA-Lib": lambda: [ta_lib.sixteen(c.high, c.low, c.close) for c in columns],
        },
        clock=OWN_CPU,
    )
    yield times_as_fast("to the bytes of the answer", found["scan"], found["TA-Lib"], at_least(3.0))
    yield times_as_fast("to the contexts only", found["contexts"], found["TA-Lib"])
    yield times_as_fast("cleaning the rows of the feed as well", found["rows"], found["TA-Lib"])


def _market(number: int) -> Market:
    mtf = walk(number)
    now_ms = int(mtf[-1, 0]) + STEP_MS
    htf = walk(SYMBOLS + number, step_ms=DAY_MS)
    htf[:, 0] += now_ms // DAY_MS * DAY_MS - len(htf) * DAY_MS
    return Market(f"SIM{number:04d}", htf, mtf, now_ms)


def contexts(markets: Sequence[Market] | Sequence[CleanMarket]) -> list[MarketContext]:
    """The analysis of each."""
    return [market_context(m.htf, m.mtf, htf_tf="1d", mtf_tf="4h", now_ms=m.now_ms, symbol=m.symbol) for m in markets]


def answered(markets: Sequence[Market] | Sequence[CleanMarket]) -> bytes:
    """The body that GET /api/market/scan answers with."""
    return orjson.dumps(market_scan("simulated", "4h", contexts(markets), [], 3600))


ROW = Row(
    "P2",
    what="analysis (indicators, structure, decision) of 500 symbols x 2 x 500 bars on one core, as a scan answers it",
    anchor="TA-Lib computing only the indicators",
    target=">= 3x",
    note="From clean candles, without any state from before, to the JSON of the answer.",
    measure=measure,
)

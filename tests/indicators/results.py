"""Write `results.json`: what the analysis says at forty bars of the generated candles.

Run as `python -m tests.indicators.results`, and only while every golden result passes: this file is how a checkout
without recorded candles notices that a result has changed.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from opentrader.domain.analysis.candles import Block
from opentrader.indicators import market_context, mr_signal, trend_result
from tests.indicators.vector import vector

FILE = Path(__file__).with_name("results.json")
CUTS = (*range(60, 400, 20), 119, 120, 121, 141, 211, *range(230, 400, 10), 400)


def at(rows: Block, bars: int) -> dict[str, Any]:
    """All three answers at one bar, each timeframe framed by itself."""
    part = rows[:bars]
    context = market_context(part, part, htf_tf="1d", mtf_tf="1d", now_ms=None).to_dict()
    context["mtf"]["detail"]["priority_trace"] = [
        f"{entry['verdict']} {entry['decision']} {entry['reason']}".strip()
        for entry in context["mtf"]["detail"]["priority_trace"]
    ]
    return {
        "bars": bars,
        "market": context,
        "trend": trend_result(part, "4h", now_ms=None).to_dict(),
        "mr": mr_signal(part, "4h", now_ms=None).to_dict(),
    }


def results() -> list[dict[str, Any]]:
    rows = vector()
    return [at(rows, bars) for bars in CUTS]


if __name__ == "__main__":
    FILE.write_text("[\n" + ",\n".join(json.dumps(result) for result in results()) + "\n]\n")

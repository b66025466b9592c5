"""Embed the whole system in a program: analysis, signals and trades without an HTTP port.

    python examples/embed.py [DATA_DIR]

Analyzes one market, enters it on the paper exchange, and closes the position. Nothing leaves this machine. The data
folder, `./embedded` by default, keeps the account: run it again and the history has one trade more. A request that is
refused raises an `OpentraderError` with a `code`, a `detail` and a `hint`.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from opentrader import (
    ClosePosition,
    ExecuteTrade,
    HistoryOf,
    MarketOf,
    OpentraderError,
    Settings,
    TradingSystem,
)


async def analyze(system: TradingSystem, symbol: str) -> None:
    context = await system.ask(MarketOf(symbol=symbol, mtf_tf="4h"))
    print(f"{symbol}: {context.priority_decision}, {context.no_trade_reason or 'no objection'}")


async def trade(system: TradingSystem, symbol: str) -> None:
    """Enter with a stop 2 % below and a target 4 % above the entry, and close at the market."""
    entry = ExecuteTrade(symbol=symbol, direction="buy", bot="example", sl=2.0, tp=4.0, ev=31.5, confidence=9)
    reply = await system.ask(entry)  # returns when stop and target rest on the exchange
    assert reply.status == "opened"  # `closed` is the reply to a `sell`
    opened = reply.trade
    print(f"{symbol}: bought {opened.size} at {opened.entry_px}, protected by {opened.protection}")
    closed = (await system.ask(ClosePosition(symbol=symbol))).closed[0]
    print(f"{symbol}: sold at {closed.exit_px}, profit {closed.pnl:.2f} after fees of {closed.fees:.2f}")


async def main(data_dir: Path) -> int:
    # The simulated market and the paper exchange are the defaults; registering the free license needs no network.
    settings = Settings(data_dir=data_dir, license_email="you@example.com", license_name="Your Name")
    async with TradingSystem(settings) as system:
        try:
            await analyze(system, "BTC")
            await trade(system, "ETHUSDT")
        except OpentraderError as error:  # for example the limit of entries a day
            print(f"refused with {error.code}: {error.detail}. {error.hint}", file=sys.stderr)
            return 1
        print(f"trades in the history: {(await system.ask(HistoryOf())).total}")
    return 0


if __name__ == "__main__":
    sys.exit(asyncio.run(main(Path(sys.argv[1] if len(sys.argv) > 1 else "embedded"))))

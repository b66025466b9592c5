"""The first scan of a watchlist of 200 coins on the simulated market, which has to draw all their candles.

python -m bench.processes.cold_scan
"""

from __future__ import annotations

import asyncio
import time

from bench.subject.feed import HISTORY, Listing, SimulatedFeed, market_context

COINS = 200


async def scan(count: int) -> int:
    """Analyse so many coins that nothing is known of yet; how many were."""
    listings = [Listing(f"COIN{number:03d}", "USDT") for number in range(count)]
    feed, now_ms, found = SimulatedFeed(listings=listings), int(time.time() * 1000), 0
    for pair in feed.listings():
        htf = await feed.candles(pair, "1d", limit=HISTORY, now_ms=now_ms)
        mtf = await feed.candles(pair, "4h", limit=HISTORY, now_ms=now_ms)
        market_context(htf, mtf, htf_tf="1d", mtf_tf="4h", now_ms=now_ms, symbol=pair)
        found += 1
    return found


if __name__ == "__main__":
    print(asyncio.run(scan(COINS)))

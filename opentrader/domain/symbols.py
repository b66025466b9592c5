"""How a market is spelled. Trading speaks of pairs (`BTCUSDT`), analysis of bases (`BTC`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from opentrader.errors import SymbolNotFound

QUOTE = "USDT"
SPELLING = r"^[A-Za-z0-9]{1,20}([/_:-][A-Za-z0-9]{1,20}){0,2}$"


@dataclass(frozen=True, slots=True)
class Listing:
    """One listed market, e.g. base `BTC`, quote `USDT`."""

    base: str
    quote: str

    @property
    def pair(self) -> str:
        return self.base + self.quote

    @property
    def name(self) -> str:
        """What analysis calls it: the base coin for the default quote, else the pair."""
        return name_of(self.pair)


def name_of(pair: str) -> str:
    """What analysis calls a pair that need not be listed: without the default quote."""
    return pair.removesuffix(QUOTE) or pair


def pair_of(spelling: str, listings: Mapping[str, Listing]) -> str:
    """The pair that a spelling means, whether or not it is listed.

    With a separator the two first parts are base and quote (`BTC/USDT:USDT` is `BTCUSDT`). Without one the
    exchange's list is asked first, NAME+USDT and then NAME, which keeps `WBTC` from being read as `W/BTC`.
    """
    parts = re.split("[/_:-]", spelling.upper())
    if len(parts) > 1:
        return parts[0] + parts[1]
    name = parts[0]
    if name + QUOTE in listings:
        return name + QUOTE
    if name in listings or (name.endswith(QUOTE) and len(name) > len(QUOTE)):
        return name
    return name + QUOTE


def listing_of(spelling: str, listings: Mapping[str, Listing]) -> Listing:
    """The listed market that a spelling means; raises `SymbolNotFound`."""
    pair = pair_of(spelling, listings)
    try:
        return listings[pair]
    except KeyError:
        raise SymbolNotFound(
            f"{spelling} is not listed: no market {pair}",
            hint="GET /api/market/all names the markets at hand",
        ) from None

"""Names of markets. Trading uses pairs (`BTCUSDT`), analysis uses base assets (`BTC`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
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
        """Its name in the analysis: the base asset for the default quote, else the pair."""
        return name_of(self.pair)


def name_of(pair: str) -> str:
    """The name of a pair in the analysis: without the default quote. The pair need not be listed."""
    return pair.removesuffix(QUOTE) or pair


def pair_of(spelling: str, listings: Mapping[str, Listing]) -> str:
    """The pair for a spelling, whether or not it is listed.

    With a separator, the first two parts are base and quote (`BTC/USDT:USDT` is `BTCUSDT`). Without one, NAME+USDT and
    then NAME are looked up in the listings, so that `WBTC` is not read as `W/BTC`.
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


def listed(spellings: Iterable[str], listings: Mapping[str, Listing]) -> tuple[str, ...]:
    """The pairs of those spellings that are listed, in their order."""
    return tuple(pair for pair in (pair_of(spelling, listings) for spelling in spellings) if pair in listings)


def listing_of(spelling: str, listings: Mapping[str, Listing]) -> Listing:
    """The listed market for a spelling. Raises `SymbolNotFound`."""
    pair = pair_of(spelling, listings)
    try:
        return listings[pair]
    except KeyError:
        raise SymbolNotFound(
            f"{spelling} is not listed: no market {pair}",
            hint="GET /api/market/all lists the available markets.",
        ) from None

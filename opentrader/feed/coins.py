"""The coins of the simulated market: price level, volatility, turnover, tick size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import ceil, log10

import numpy as np

from opentrader.domain.symbols import QUOTE, Listing
from opentrader.feed.noise import stream_key, uniform


@dataclass(frozen=True, slots=True)
class Coin:
    """Parameters of one simulated market: prices in the quote currency, sizes in coins."""

    level: float  # the mean price of the path
    daily_volatility: float  # standard deviation of one day's log return in quiet average times
    turnover: float  # average quote volume of one day
    decimals: int  # of the price: the tick size is 10 ** -decimals


# Price, volatility and turnover of the real coins; tick sizes of large venues.
KNOWN: dict[str, Coin] = {
    "BTC": Coin(62_000.0, 0.026, 1.6e9, 2),
    "ETH": Coin(4_500.0, 0.032, 9.0e8, 2),
    "BNB": Coin(560.0, 0.029, 1.9e8, 2),
    "SOL": Coin(140.0, 0.040, 4.0e8, 2),
    "XRP": Coin(0.62, 0.037, 2.4e8, 4),
    "ADA": Coin(0.45, 0.038, 6.0e7, 4),
    "DOGE": Coin(0.125, 0.042, 1.6e8, 5),
    "AVAX": Coin(32.0, 0.041, 6.0e7, 3),
    "LINK": Coin(15.0, 0.040, 5.0e7, 3),
    "DOT": Coin(6.5, 0.039, 3.5e7, 3),
    "LTC": Coin(84.0, 0.034, 4.5e7, 2),
    "TRX": Coin(0.13, 0.026, 3.5e7, 5),
    "UNI": Coin(8.5, 0.043, 3.0e7, 3),
    "ATOM": Coin(8.0, 0.039, 2.0e7, 3),
    "NEAR": Coin(5.2, 0.046, 3.0e7, 3),
    "ARB": Coin(0.9, 0.046, 3.0e7, 4),
}


def coin_of(base: str) -> Coin:
    """The coin of that name. An unknown name gets parameters derived from the name, the same for every seed."""
    return KNOWN.get(base) or _made_up(base)


def _made_up(base: str) -> Coin:
    price, volatility, turnover = uniform(stream_key("coin", base), np.arange(3))
    level = float(10.0 ** (4.0 * price - 1.0))
    return Coin(level, 0.03 + 0.015 * float(volatility), 1e7 * 10.0 ** float(turnover), decimals_at(level))


def decimals_at(level: float) -> int:
    """The number of decimals that gives at least 10,000 ticks below the price."""
    return max(0, 5 - ceil(log10(level)))


def usdt_listings(bases: Iterable[str]) -> list[Listing]:
    return [Listing(base, QUOTE) for base in bases]

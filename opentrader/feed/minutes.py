"""One-minute candles inside quarter hours, drawn so that each quarter hour is their exact aggregate."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from opentrader.feed.noise import Floats, normal, uniform
from opentrader.feed.price_path import CoinMarket

MINUTE_MS = 60_000
MINUTES = 15  # in an atom
_WICK = 0.12  # longest reach of a minute beyond its open and close, as a share of the atom's range


def minutes_of(market: CoinMarket, first: int, atoms: NDArray[np.float64]) -> NDArray[np.float64]:
    """The minutes of the atoms from number `first` on.

    `atoms` has shape (5, n), as `price_path.block` returns it; the result has shape (5, 15 n), in the same units.
    """
    index = np.arange(first * MINUTES, (first + atoms.shape[1]) * MINUTES).reshape(-1, MINUTES)
    opened, high, low, closed, volume = (column[:, None] for column in atoms)
    closes = _closes(normal(market.minute, index), opened, high, low, closed)
    opens = np.hstack((opened, closes[:, :-1]))
    above, below = (uniform(market.wick, side - 2 * index) * _WICK * (high - low) for side in (-1, -2))
    highs = np.minimum(np.maximum(opens, closes) + np.rint(above), high)
    lows = np.maximum(np.minimum(opens, closes) - np.rint(below), low)
    row = np.arange(len(index))
    highs[row, highs.argmax(axis=1)] = high[:, 0]
    lows[row, lows.argmin(axis=1)] = low[:, 0]
    weight = 0.1 + 2.0 * uniform(market.volume, -index - 1) ** 2 + (highs - lows) / (high - low + 1.0)
    volumes = _shares(volume, weight)
    return np.stack((opens, highs, lows, closes, volumes)).reshape(5, -1)


def _closes(noise: Floats, opened: Floats, high: Floats, low: Floats, closed: Floats) -> Floats:
    """A random walk from open to close that stays between low and high, in whole ticks."""
    walk = np.cumsum(noise, axis=1) * (high - low) / (1.6 * np.sqrt(MINUTES))
    passed = np.arange(1, MINUTES + 1) / MINUTES
    closes: Floats = np.clip(np.rint(opened + walk + (closed - opened - walk[:, -1:]) * passed), low, high)
    closes[:, -1:] = closed
    return closes


def _shares(total: Floats, weight: Floats) -> Floats:
    """`total` split into whole parts in proportion to the weights; the parts sum to it exactly."""
    passed = np.cumsum(weight, axis=1)
    edges = np.rint(total * (passed / passed[:, -1:]))
    return np.diff(edges, axis=1, prepend=0.0)

"""The price path of one simulated market: a pure function of (seed, coin, time).

A path is refined by midpoint displacement (Levy's construction of Brownian motion; Fournier, Fussell and
Carpenter, 1982): between two known points the middle one is their mean plus noise that depends on its own
index alone. So any period can be computed without the path before it. The moods of the market (trend, range, squeeze,
chop) scale the noise up or down for some days.

The atom is a quarter of an hour; minutes are drawn inside an atom (`minutes.py`) so that they add up to it.
Atoms are computed in whole blocks of `BLOCK`: one shape, so the same bits for any requested range.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log, sqrt

import numpy as np
from numpy.typing import NDArray

from opentrader.feed.coins import Coin
from opentrader.feed.noise import Floats, Ints, normal, octave, stream_key, uniform

ATOM_MS = 900_000
ATOMS_A_DAY = 96
BLOCK = 4096  # atoms, 42.7 days
ANCHOR = 65_536  # atoms, 1.87 years: where the path is tied to the coin's price level
VOLUME_GRAIN = 64.0  # volumes are multiples of 1/64, so that their sums are exact in any order

_ANCHOR_SPREAD = 0.45  # standard deviation of the log price at the anchors
_MARKET_SHARE = 0.6  # correlation of a coin's noise with the noise that all coins share
_MOOD_ATOMS = 640  # 6.7 days: the average length of a mood
_MOOD_SHIFT = 0.6  # a mood may begin later by up to this share of its length
_JUMP_ATOMS = 2048  # at most one jump in so many atoms
_JUMP_CHANCE = 0.4
_JUMP_SIZE = 12.0  # standard deviation of a jump, in those of a quiet atom
_VOLATILITY_OCTAVES = ((8192, 0.35), (1024, 0.35), (128, 0.25))  # period in atoms, log amplitude

# One row a mood: its name, how often it is drawn, and how much larger than usual the noise is at each scale.
_MOODS: tuple[tuple[str, float, tuple[float, ...]], ...] = (
    #                 30m  1h   2h   4h   8h   16h  1.3d 2.7d 5.3d 10.7d
    ("walk", 0.36, (1.1, 1.1, 1.1, 1.0, 0.9, 0.85, 0.9, 0.95, 1.0, 1.0)),
    ("trend", 0.28, (1.4, 1.4, 1.4, 1.3, 1.1, 0.95, 0.9, 1.05, 1.5, 1.3)),
    ("range", 0.08, (0.85, 0.85, 0.85, 0.85, 0.8, 0.9, 1.0, 1.2, 0.9, 0.6)),
    ("squeeze", 0.25, (0.9, 0.9, 0.9, 0.75, 0.5, 0.35, 0.33, 0.38, 0.5, 0.6)),
    ("chop", 0.03, (1.7, 1.7, 1.7, 1.7, 1.4, 1.0, 0.8, 0.7, 0.7, 0.7)),
)
_ABOVE = (65_536, 32_768, 16_384, 8_192)  # the steps from the anchors down to a block
_LONG = 1.1  # scales longer than a mood: markets move further in months than their hours suggest
_SCALES = np.array([(*scales, _LONG, _LONG) for _, _, scales in _MOODS])
_MOOD_EDGES = np.cumsum([share for _, share, _ in _MOODS])[:-1]


def _scale_of_index() -> Ints:
    """The refinement step (2^step atoms) that creates each point strictly inside a block."""
    index = np.arange(BLOCK + 1)
    lowest_bit = np.maximum(index & -index, 1)
    steps: Ints = np.frexp(lowest_bit.astype(np.float64))[1].astype(np.int64)
    return steps


_STEP = np.minimum(_scale_of_index(), 12)
_OUTLASTS = len(_MOODS[0][2]) < _STEP
_REACH = np.sqrt(2.0**_STEP) / 2.0  # deviation of a Brownian midpoint over 2^step atoms of unit variance


@dataclass(frozen=True, slots=True)
class CoinMarket:
    """One coin in the market of one seed, with the keys of its streams of noise."""

    coin: Coin
    shared: np.uint64
    own: np.uint64
    mood: np.uint64
    jump: np.uint64
    volatility: np.uint64
    wick: np.uint64
    volume: np.uint64
    minute: np.uint64


def market(seed: int, name: str, coin: Coin) -> CoinMarket:
    keys = (
        stream_key(seed, name, stream) for stream in ("path", "mood", "jump", "volatility", "wick", "volume", "minute")
    )
    return CoinMarket(coin, stream_key(seed, "shared"), *keys)


def block(m: CoinMarket, number: int) -> NDArray[np.float64]:
    """Atoms `number * BLOCK` to `(number + 1) * BLOCK - 1`, counted from 1970.

    Shape (5, BLOCK): open, high, low, close in ticks (whole numbers) and volume in 1/`VOLUME_GRAIN`.
    """
    index = np.arange(number * BLOCK, (number + 1) * BLOCK + 1)
    mood, lively = moods(m, index), liveliness(m, index)
    sigma = m.coin.daily_volatility / sqrt(ATOMS_A_DAY)
    path = _refined(m, index, sigma * np.where(_OUTLASTS, 1.0, lively) * _SCALES[mood, _STEP - 1] * _REACH)
    path += _jumps(m, index, sigma)
    price = np.exp(path) * 10.0**m.coin.decimals
    spread = price[1:] * (sigma * lively * _SCALES[mood, 0])[1:]
    high, low = _extremes(m, price, spread, index[1:])
    ticks = np.maximum(np.rint(np.stack((price[:-1], high, low, price[1:]))), 1.0)
    return np.vstack((ticks, _volume(m, index[1:], path, sigma, lively[1:])))


def moods(m: CoinMarket, index: Ints) -> Ints:
    """The row of `_MOODS` that applies at each atom."""
    nominal = index // _MOOD_ATOMS
    first = int(nominal[0]) - 1
    known = np.arange(first, int(nominal[-1]) + 1)
    begins = (known + uniform(m.mood, 2 * known) * _MOOD_SHIFT) * _MOOD_ATOMS
    drawn = np.searchsorted(_MOOD_EDGES, uniform(m.mood, 2 * known + 1))
    began = index >= begins[nominal - first]
    return drawn[nominal - first - 1 + began]


def liveliness(m: CoinMarket, index: Ints) -> Floats:
    """Volatility relative to its average: it clusters over weeks, days and hours."""
    log_level = np.zeros(index.size)
    for period, amplitude in _VOLATILITY_OCTAVES:
        log_level += amplitude * octave(m.volatility ^ np.uint64(period), index, period)
    return np.exp(log_level)


def _noise(m: CoinMarket, index: Ints) -> Floats:
    own = sqrt(1.0 - _MARKET_SHARE**2)
    return _MARKET_SHARE * normal(m.shared, index) + own * normal(m.own, index)


def _refined(m: CoinMarket, index: Ints, deviation: Floats) -> Floats:
    """The log price at each index of a block and at its end."""
    displaced = _noise(m, index) * deviation
    path = np.empty(BLOCK + 1)
    path[0], path[-1] = _ends(m, int(index[0]))
    step = BLOCK
    while step > 1:
        half = step // 2
        path[half::step] = (path[:-1:step] + path[step::step]) / 2.0 + displaced[half::step]
        step = half
    return path


def _ends(m: CoinMarket, start: int) -> tuple[float, float]:
    """The log price at both ends of a block: from the anchors around it down to the block's own size."""
    left, sigma = start // ANCHOR * ANCHOR, m.coin.daily_volatility / sqrt(ATOMS_A_DAY)
    middles = [start // step * step + step // 2 for step in _ABOVE]
    first, last, *noise = _noise(m, np.array([left, left + ANCHOR, *middles])).tolist()
    low, high = (log(m.coin.level) + _ANCHOR_SPREAD * anchor for anchor in (first, last))
    for step, at, displacement in zip(_ABOVE, middles, noise, strict=True):
        middle = (low + high) / 2.0 + displacement * _LONG * sigma * sqrt(step) / 2.0
        low, high = (middle, high) if start >= at else (low, middle)
    return low, high


def _jumps(m: CoinMarket, index: Ints, sigma: float) -> Floats:
    """Jumps, each reverted within its cell, so that the ends of the cell do not move."""
    cell = index // _JUMP_ATOMS
    share = index / _JUMP_ATOMS - cell
    known = np.arange(cell[0], cell[-1] + 1)
    chance, at = uniform(m.jump, 3 * known), uniform(m.jump, 3 * known + 1)
    size = np.where(chance < _JUMP_CHANCE, normal(m.jump, 3 * known + 2) * _JUMP_SIZE * sigma, 0.0)
    row = cell - cell[0]
    jumps: Floats = size[row] * ((share >= at[row]) - share)
    return jumps


def _extremes(m: CoinMarket, price: Floats, spread: Floats, index: Ints) -> tuple[Floats, Floats]:
    """The highest and lowest price of each atom: the extremes of a Brownian bridge from open to close."""
    opened, closed = price[:-1], price[1:]
    middle, move = (opened + closed) / 2.0, (closed - opened) ** 2
    reach = -2.0 * spread**2
    up = np.sqrt(move + reach * np.log(uniform(m.wick, 2 * index))) / 2.0
    down = np.sqrt(move + reach * np.log(uniform(m.wick, 2 * index + 1))) / 2.0
    return middle + up, middle - down


def _volume(m: CoinMarket, index: Ints, path: Floats, sigma: float, lively: Floats) -> Floats:
    """Volume: higher when prices move, in the afternoon, and on workdays."""
    hour = 2.0 * np.pi * (index % ATOMS_A_DAY) / ATOMS_A_DAY
    weekend = (index // ATOMS_A_DAY + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    season = (1.0 - 0.35 * np.cos(hour - 0.7)) * np.where(weekend, 0.75, 1.0)
    activity = 0.55 + 0.45 * np.abs(np.diff(path)) / sigma
    burst = np.exp(0.35 * normal(m.volume, index) + 0.25 * octave(m.volume, index, 32))
    average = m.coin.turnover / m.coin.level / ATOMS_A_DAY * VOLUME_GRAIN
    return np.rint(average * season * activity * burst * lively)

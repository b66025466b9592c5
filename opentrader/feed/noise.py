"""Counter-based noise: the value at any index, without the values before it.

Every function is elementwise, so a value does not depend on the other indices of the call.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_MIX_1 = np.uint64(0xBF58476D1CE4E5B9)
_MIX_2 = np.uint64(0x94D049BB133111EB)
_SQRT_3 = 3.0**0.5
_LOW_16 = np.uint64(0xFFFF)


def stream_key(*names: object) -> np.uint64:
    """The key of one independent stream of noise; the same in every process."""
    text = "\x1f".join(map(str, names))
    return np.uint64(int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little"))


def bits(key: np.uint64, index: Ints) -> NDArray[np.uint64]:
    """64 random bits at each index: the output function of SplitMix64 (Steele, Lea, Flood 2014)."""
    x: NDArray[np.uint64] = index.astype(np.uint64) * _GOLDEN + key
    x ^= x >> np.uint64(30)
    x *= _MIX_1
    x ^= x >> np.uint64(27)
    x *= _MIX_2
    x ^= x >> np.uint64(31)
    return x


def uniform(key: np.uint64, index: Ints) -> Floats:
    """Uniform in (0, 1): never exactly 0, so that its logarithm is finite."""
    return ((bits(key, index) >> np.uint64(11)).astype(np.float64) + 0.5) * 2.0**-53


def normal(key: np.uint64, index: Ints) -> Floats:
    """Mean 0, variance 1, close to normal within 3.4 deviations: the sum of four uniforms (Irwin-Hall)."""
    b = bits(key, index)
    total = b & _LOW_16
    for shift in (16, 32, 48):
        total += (b >> np.uint64(shift)) & _LOW_16
    return (total.astype(np.float64) + 2.0) * (_SQRT_3 / 65536.0) - 2.0 * _SQRT_3


def octave(key: np.uint64, index: Ints, period: int) -> Floats:
    """Value noise: normal values at the multiples of `period`, straight lines between them."""
    node = index // period
    first = int(node[0])
    values = normal(key, np.arange(first, int(node[-1]) + 2))
    left, share = values[node - first], (index - node * period) / period
    return left + (values[node - first + 1] - left) * share

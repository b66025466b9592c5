"""The one way kernels are compiled."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar, cast

import numba

from opentrader.domain.analysis import candles

F = TypeVar("F", bound=Callable[..., object])


def _part(**options: bool) -> Callable[[F], F]:
    return cast(Callable[[F], F], numba.njit(nogil=True, error_model="numpy", _nrt=False, **options))  # type: ignore[call-overload]


def kernel(function: F) -> F:
    """Compile a part of an entry; it is never kept on disk on its own.

    Parts borrow their arrays and allocate none (`_nrt`): counting a reference in and out is an atomic instruction, and
    at every bar it cost more than the arithmetic. Float division by zero follows IEEE instead of raising: every
    divisor is tested where it can be zero, and a second hidden test would keep loops from being vectorized. The
    results are those of the plain Python function.
    """
    return _part()(function)


def step(function: F) -> F:
    """Compile a part that runs at every bar, always in line: handing over two arrays costs more than most steps, and
    what is carried from bar to bar stays in registers."""
    return _part(forceinline=True)(function)


def entry(function: F) -> F:
    """Compile a kernel that is called from Python: at its first call, without the GIL, kept on disk.

    Its last argument must default to `SOURCES`.
    """
    return cast(F, numba.njit(cache=True, nogil=True, error_model="numpy")(function))


def _sources() -> int:
    """A number that changes with the source of any kernel."""
    files = [*sorted(Path(__file__).parent.glob("*.py")), Path(candles.__file__)]
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files)).digest()
    return int.from_bytes(digest[:6], "big")


SOURCES = _sources()
"""Numba's disk cache notices a change of the file of the called kernel only, not of the kernels inlined into it. A
default is part of the signature under which the cache is looked up, so this one makes any change count."""

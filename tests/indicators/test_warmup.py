"""Every entry of the kernels is called once, and named."""

from __future__ import annotations

from opentrader.indicators.kernels import analysis
from opentrader.indicators.warmup import compile_all


def test_each_entry_is_compiled_and_reported() -> None:
    told: list[str] = []
    compile_all(told.append)
    assert len(told) == len(set(told)) >= 4
    for name in ("analyse", "analyse_pair", "load", "append", "ask", "series"):
        assert getattr(analysis, name).signatures, name

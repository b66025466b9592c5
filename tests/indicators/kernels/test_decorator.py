"""How the kernels are compiled: late, once for one kind of arguments, and never from a stale cache."""

from __future__ import annotations

import inspect
import subprocess
import sys

import pytest

from opentrader.indicators import AnalysisState
from opentrader.indicators.kernels import analysis
from opentrader.indicators.kernels.decorator import SOURCES
from opentrader.indicators.warmup import compile_all

ENTRIES = ("analyse", "analyse_pair", "load", "append", "ask", "series")


def run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_the_domain_does_without_numba() -> None:
    analysis = "candles, market, mean_reversion, parameters, priority, trend"
    code = f"""
import sys
from opentrader.domain import timeframes
from opentrader.domain.analysis import {analysis}
from opentrader.domain.trading import trailing
print('numba' in sys.modules)
"""
    assert run(code) == "False"


def test_importing_compiles_nothing() -> None:
    code = f"""
import opentrader.indicators
from opentrader.indicators.kernels import analysis
print(sum(len(getattr(analysis, name).signatures) for name in {ENTRIES}))
"""
    assert run(code) == "0"


@pytest.mark.parametrize("name", ENTRIES)
def test_a_change_of_any_kernel_is_a_change_of_each_entry(name: str) -> None:
    *_, last = inspect.signature(getattr(analysis, name).py_func).parameters.values()
    assert last.default == SOURCES


def test_each_entry_is_compiled_for_one_kind_of_arguments() -> None:
    compile_all(lambda _: None)
    AnalysisState("4h").append(0, 1, 1, 1, 1, 0)
    assert {name: len(getattr(analysis, name).signatures) for name in ENTRIES} == dict.fromkeys(ENTRIES, 1)
    compiled = {name: value for name, value in vars(analysis).items() if hasattr(value, "enable_caching")}
    assert {name for name, value in compiled.items() if value._cache.cache_path} == set(ENTRIES)

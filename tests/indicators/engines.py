"""The analysis as tests drive it: compiled, or as plain Python whose functions can be replaced."""

from __future__ import annotations

import importlib
import sys
from types import ModuleType, SimpleNamespace
from typing import Any

import numba

import opentrader.indicators
from opentrader.domain.analysis.candles import Candles
from opentrader.domain.analysis.parameters import ANALYSIS, MEAN_REVERSION
from opentrader.domain.timeframes import TF_MS

PACKAGE = "opentrader.indicators"
PARTS = ("analysis", "indicators", "macro", "readings", "regime", "replay", "reversion", "structure", "votes")


def compiled() -> SimpleNamespace:
    """The engine that the product uses."""
    return _engine(opentrader.indicators)


def plain() -> SimpleNamespace:
    """A second copy of the package that numba leaves alone; its modules may be patched without harm to the first."""
    kept = {name: sys.modules.pop(name) for name in list(sys.modules) if name.startswith(PACKAGE)}
    config: Any = numba.config
    setting, config.DISABLE_JIT = config.DISABLE_JIT, 1
    try:
        return _engine(importlib.import_module(PACKAGE))
    finally:
        config.DISABLE_JIT = setting
        for name in list(sys.modules):
            if name.startswith(PACKAGE):
                del sys.modules[name]
        sys.modules.update(kept)
        vars(sys.modules["opentrader"])["indicators"] = opentrader_indicators


def _engine(package: ModuleType) -> SimpleNamespace:
    parts = {part: importlib.import_module(f"{PACKAGE}.kernels.{part}") for part in PARTS}
    vectors = importlib.import_module(f"{PACKAGE}.vectors")
    names = {name: getattr(package, name) for name in package.__all__}
    return SimpleNamespace(**names, vectors=vectors, **parts)


def reversion_reading(engine: Any, candles: Candles) -> Any:
    """The raw MR reading of the last candle, whatever its verdict."""
    start = engine.vectors.initial(ANALYSIS, MEAN_REVERSION)
    step = float(TF_MS["4h"])
    return engine.analysis.analyse(start, candles.block, step, float("inf"), engine.readings.REVERSION)


opentrader_indicators = opentrader.indicators

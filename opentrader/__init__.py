"""opentrader: a trading daemon of actors.

    async with TradingSystem(Settings(feed="simulated")) as system:
        context = await system.ask(MarketOf(symbol="BTC", mtf_tf="4h"))

    context = analyze_symbol("BTC", mtf_tf="4h")     # without a system

What is named here is public; it is imported when it is first used, so that `import opentrader` costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from opentrader.actors.messages import (
        ActivateLicense,
        BoardState,
        CandlesOf,
        CleanUpSignals,
        ConfirmSignal,
        ExplanationOf,
        HealthOf,
        LicenseOf,
        MarketOf,
        MarketRows,
        MrSignalOf,
        PendingText,
        PostSignal,
        RegisterLicense,
        RejectSignal,
        ScanAndSignal,
        ScanMarkets,
        ScanTrends,
        SignalOf,
        SignalRows,
        StoreTrend,
        TrendOf,
        TrendRows,
        UpdateAgent,
    )
    from opentrader.config import Settings
    from opentrader.errors import OpentraderError
    from opentrader.research import analyze_symbol
    from opentrader.system import TradingSystem

__all__ = [
    "ActivateLicense",
    "BoardState",
    "CandlesOf",
    "CleanUpSignals",
    "ConfirmSignal",
    "ExplanationOf",
    "HealthOf",
    "LicenseOf",
    "MarketOf",
    "MarketRows",
    "MrSignalOf",
    "OpentraderError",
    "PendingText",
    "PostSignal",
    "RegisterLicense",
    "RejectSignal",
    "ScanAndSignal",
    "ScanMarkets",
    "ScanTrends",
    "Settings",
    "SignalOf",
    "SignalRows",
    "StoreTrend",
    "TradingSystem",
    "TrendOf",
    "TrendRows",
    "UpdateAgent",
    "analyze_symbol",
]

_HOMES = {
    "OpentraderError": "opentrader.errors",
    "Settings": "opentrader.config",
    "TradingSystem": "opentrader.system",
    "analyze_symbol": "opentrader.research",
}


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES.get(name, "opentrader.actors.messages")), name)

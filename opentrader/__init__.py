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
        AuditOf,
        BoardState,
        CancelEntry,
        CandlesOf,
        CheckPending,
        CleanUpSignals,
        CloseAll,
        ClosePosition,
        ConfirmSignal,
        DropTrade,
        Events,
        ExecuteTrade,
        ExplanationOf,
        Halt,
        HealthOf,
        HistoryOf,
        LicenseOf,
        MarketOf,
        MarketRows,
        MoveLevels,
        MrSignalOf,
        NewsOf,
        Notify,
        OpenTrades,
        PendingEntries,
        PendingText,
        PlaceManual,
        PortfolioOf,
        PostSignal,
        RecoverPending,
        RecoverTrades,
        RegisterLicense,
        RejectSignal,
        ResetDaily,
        RestoreTrade,
        Resume,
        ScanAndSignal,
        ScanMarkets,
        ScanTrends,
        SignalOf,
        SignalRows,
        StatsOf,
        StatusOf,
        StoreTrend,
        SyncTrades,
        TrendOf,
        TrendRows,
        UpdateAgent,
        UpdateTrailing,
    )
    from opentrader.config.settings import Settings
    from opentrader.errors import OpentraderError
    from opentrader.research import analyze_symbol
    from opentrader.system.trading_system import TradingSystem

__all__ = [
    "ActivateLicense",
    "AuditOf",
    "BoardState",
    "CancelEntry",
    "CandlesOf",
    "CheckPending",
    "CleanUpSignals",
    "CloseAll",
    "ClosePosition",
    "ConfirmSignal",
    "DropTrade",
    "Events",
    "ExecuteTrade",
    "ExplanationOf",
    "Halt",
    "HealthOf",
    "HistoryOf",
    "LicenseOf",
    "MarketOf",
    "MarketRows",
    "MoveLevels",
    "MrSignalOf",
    "NewsOf",
    "Notify",
    "OpenTrades",
    "OpentraderError",
    "PendingEntries",
    "PendingText",
    "PlaceManual",
    "PortfolioOf",
    "PostSignal",
    "RecoverPending",
    "RecoverTrades",
    "RegisterLicense",
    "RejectSignal",
    "ResetDaily",
    "RestoreTrade",
    "Resume",
    "ScanAndSignal",
    "ScanMarkets",
    "ScanTrends",
    "Settings",
    "SignalOf",
    "SignalRows",
    "StatsOf",
    "StatusOf",
    "StoreTrend",
    "SyncTrades",
    "TradingSystem",
    "TrendOf",
    "TrendRows",
    "UpdateAgent",
    "UpdateTrailing",
    "analyze_symbol",
]

__version__ = "0.2.0"

_HOMES = {
    "OpentraderError": "opentrader.errors",
    "Settings": "opentrader.config.settings",
    "TradingSystem": "opentrader.system.trading_system",
    "analyze_symbol": "opentrader.research",
}
_MESSAGES = "opentrader.actors.messages"


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return vars(import_module(_HOMES.get(name, _MESSAGES)))[name]


def __dir__() -> list[str]:
    return [*__all__, "__version__"]

"""The route table: the routes of the API, and the message that a request to each of them becomes.

Handlers, checks, the OpenAPI document and the docs page are all built from these rows. A field of the message is read
from the path if the path names it, else from the body if the route has one, else from the query.
"""

from __future__ import annotations

from collections.abc import Mapping

from opentrader.actors import messages
from opentrader.domain.agents import AGENTS
from opentrader.errors import (
    AgentNotFound,
    DailyLimitReached,
    IdempotencyInProgress,
    InsufficientBalance,
    LicenseKeyNotFound,
    NoPosition,
    NotInThisState,
    OrderRejected,
    PendingEntryExists,
    PendingEntryNotFound,
    PositionNotFound,
    RiskLimit,
    SignalExpired,
    SignalNotFound,
    SignalNotPending,
    SymbolNotFound,
    TelegramError,
    TelegramNotConfigured,
    TradeExists,
    TradingHalted,
)
from opentrader.http.route import BEYOND, Route, also_post


def _known_agent(path: Mapping[str, str]) -> None:
    if path["name"].lower() not in AGENTS:
        raise AgentNotFound(f"unknown agent {path['name']!r}", hint="use one of " + ", ".join(AGENTS))


_OF_SIGNAL = (SignalNotFound, SignalNotPending, SignalExpired)
_UNLISTED = (SymbolNotFound,)
_BTC = {"symbol": "BTC", "timeframe": "1h"}
_BTC_MTF = {"symbol": "BTC", "mtf_tf": "4h"}
_SIGNAL = {
    "symbol": "ETHUSDT",
    "direction": "buy",
    "bot": "mr_combined",
    "price": 2450.5,
    "sl_pct": 3.0,
    "tp_pct": 7.0,
    "passed": 5,
    "total": 7,
}
_SNAPSHOT = {
    "symbol": "BTC",
    "trend": "uptrend",
    "timeframe": "1h",
    "source": "trend_scan",
    "type": "crypto",
    "score": {"uptrend": 5, "downtrend": 0, "sideway": 2},
    "indicators": {},
    "timestamp": 1714216800,
}

_ENTRY_REFUSED = (
    RiskLimit,
    NoPosition,
    TradingHalted,
    InsufficientBalance,
    OrderRejected,
    IdempotencyInProgress,
)
_TRADE = {
    "symbol": "ETHUSDT",
    "direction": "buy",
    "bot": "mr_combined",
    "sl": "2.0",
    "tp": "4.0",
    "ev": "31.5",
    "confidence": "9",
}
_MANUAL = {
    "symbol": "ETHUSDT",
    "direction": "buy",
    "entry_px": "2450.0",
    "sl_pct": "3.0",
    "rr": "1:3",
    "agent": "coo",
}
_RESTORE = {
    "symbol": "BNBUSDT",
    "direction": "buy",
    "size": 1.5,
    "entry_px": 598.0,
    "sl_px": 580.0,
    "tp_px": 638.0,
    "sl_oid": 10293001,
    "tp_oid": 10293002,
    "bot": "mr_combined",
    "date": "2026-04-27",
}

ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/health", "getHealth", "Health", messages.HealthOf, open=True),
    Route("GET", "/api/license/status", "getLicense", "License", messages.LicenseOf),
    Route(
        "POST",
        "/api/license/register",
        "registerLicense",
        "License",
        messages.RegisterLicense,
        body="required",
        sample={"email": "you@example.com", "name": "Your Name"},
    ),
    Route(
        "POST",
        "/api/license/activate",
        "activateLicense",
        "License",
        messages.ActivateLicense,
        body="required",
        errors=(LicenseKeyNotFound,),
        sample={"license_key": "OT-XXXX-XXXX-XXXX-XXXX"},
    ),
    Route("GET", "/api/dashboard", "getDashboard", "Dashboard", page="dashboard", open=True),
    Route(
        "POST",
        "/api/agent/{name}",
        "updateAgent",
        "Dashboard",
        messages.UpdateAgent,
        body="required",
        errors=(AgentNotFound,),
        resolve=_known_agent,
        sample={"name": "coo", "status": "running", "action": "Day trading scan"},
    ),
    Route("GET", "/api/state", "getState", "Dashboard", messages.BoardState),
    Route("GET", "/api/news", "getNews", "News", messages.NewsOf, sample={"limit": "20"}),
    Route("GET", "/api/portfolio", "getPortfolio", "Portfolio", messages.PortfolioOf),
    Route(
        "POST",
        "/api/trade",
        "openTrade",
        "Bot Actions",
        messages.ExecuteTrade,
        strict=True,
        idempotent=True,
        internal=("idem_key",),
        errors=(SymbolNotFound, *_ENTRY_REFUSED, TradeExists, NotInThisState, DailyLimitReached),
        sample=_TRADE,
    ),
    Route(
        "POST",
        "/api/trade/manual",
        "openManual",
        "Bot Actions",
        messages.PlaceManual,
        strict=True,
        idempotent=True,
        internal=("idem_key",),
        errors=(SymbolNotFound, *_ENTRY_REFUSED, PendingEntryExists),
        sample=_MANUAL,
    ),
    Route("GET", "/api/pending-entries", "listPending", "Bot Actions", messages.PendingEntries),
    *also_post(
        Route(
            "GET",
            "/api/pending-entries/check",
            "checkPending",
            "Bot Actions",
            messages.CheckPending,
            sample={"agent": "finance"},
        )
    ),
    *also_post(Route("GET", "/api/pending-entries/recover", "recoverPending", "Bot Actions", messages.RecoverPending)),
    Route(
        "DELETE",
        "/api/pending-entries/{id}",
        "cancelPending",
        BEYOND,
        messages.CancelEntry,
        errors=(PendingEntryNotFound,),
        sample={"id": "01J00000000000000000000000"},
    ),
    *also_post(
        Route(
            "GET",
            "/api/trailing",
            "updateTrailing",
            "Bot Actions",
            messages.UpdateTrailing,
            sample={"agent": "tech"},
        )
    ),
    Route("GET", "/api/status", "getStatus", "Bot Actions", messages.StatusOf),
    Route(
        "POST",
        "/api/close",
        "closePosition",
        "Bot Actions",
        messages.ClosePosition,
        strict=True,
        idempotent=True,
        internal=("idem_key",),
        errors=(PositionNotFound, NotInThisState, OrderRejected),
        sample={"symbol": "BTC"},
    ),
    Route(
        "POST",
        "/api/closeall",
        "closeAll",
        "Bot Actions",
        messages.CloseAll,
        strict=True,
        idempotent=True,
        internal=("idem_key",),
    ),
    Route("POST", "/api/reset-daily", "resetDaily", "Bot Actions", messages.ResetDaily),
    Route(
        "POST",
        "/api/mr-combined/scan-and-signal",
        "scanAndSignal",
        "Scan & Signal",
        messages.ScanAndSignal,
        body="optional",
        query=("agent",),
        sample={"symbols": ["BTC", "ETH"], "agent": "scout"},
    ),
    Route(
        "POST",
        "/api/trend/{symbol}",
        "storeTrend",
        "Trend Single-TF",
        messages.StoreTrend,
        body="required",
        sample=_SNAPSHOT,
    ),
    Route("GET", "/api/trend/{symbol}", "getTrend", "Trend Single-TF", messages.TrendOf, errors=_UNLISTED, sample=_BTC),
    Route("GET", "/api/trend/all", "listTrends", "Trend Single-TF", messages.TrendRows, sample={"timeframe": "4h"}),
    *also_post(
        Route(
            "GET",
            "/api/trend/scan",
            "scanTrends",
            "Trend Single-TF",
            messages.ScanTrends,
            sample={"timeframe": "1d", "agent": "tech"},
        )
    ),
    Route(
        "GET",
        "/api/market/{symbol}",
        "getMarket",
        "Market Multi-TF",
        messages.MarketOf,
        errors=_UNLISTED,
        sample=_BTC_MTF,
    ),
    *also_post(
        Route(
            "GET",
            "/api/market/scan",
            "scanMarket",
            "Market Multi-TF",
            messages.ScanMarkets,
            sample={"mtf_tf": "4h", "agent": "tech"},
        )
    ),
    Route("GET", "/api/market/all", "listMarkets", "Market Multi-TF", messages.MarketRows, sample={"stale": "false"}),
    *also_post(
        Route(
            "GET",
            "/api/notify",
            "notify",
            "Telegram",
            messages.Notify,
            internal=("agent",),
            errors=(TelegramError, TelegramNotConfigured),
            sample={"message": "Good morning"},
        )
    ),
    Route("GET", "/api/trades", "listTrades", "Trade Management", messages.OpenTrades),
    Route(
        "GET",
        "/api/trades/history",
        "listHistory",
        "Trade Management",
        messages.HistoryOf,
        paged=True,
        sample={"limit": "20", "offset": "0"},
    ),
    Route("GET", "/api/trades/stats", "getStats", "Trade Management", messages.StatsOf),
    Route("POST", "/api/trades/sync", "syncTrades", "Trade Management", messages.SyncTrades),
    *also_post(Route("GET", "/api/trades/recover", "recoverTrades", "Trade Management", messages.RecoverTrades)),
    Route(
        "POST",
        "/api/trades/restore",
        "restoreTrade",
        "Trade Management",
        messages.RestoreTrade,
        body="required",
        errors=(TradeExists,),
        sample=_RESTORE,
    ),
    Route(
        "POST",
        "/api/trades/{id}/drop",
        "dropTrade",
        "Trade Management",
        messages.DropTrade,
        strict=True,
        idempotent=True,
        internal=("idem_key",),
        errors=(PositionNotFound, NotInThisState),
        sample={"id": "01J00000000000000000000000"},
    ),
    Route(
        "POST",
        "/api/trades/{id}/levels",
        "moveLevels",
        "Trade Management",
        messages.MoveLevels,
        strict=True,
        idempotent=True,
        internal=("idem_key",),
        errors=(SymbolNotFound, PositionNotFound, NotInThisState, OrderRejected),
        sample={"id": "01J00000000000000000000000", "sl_px": "2400.0"},
    ),
    Route("POST", "/api/signal", "postSignal", "Signal Flow", messages.PostSignal, body="required", sample=_SIGNAL),
    Route("GET", "/api/signal/list", "listSignals", "Signal Flow", messages.SignalRows),
    Route("GET", "/api/signal/pending", "pendingText", "Signal Flow", messages.PendingText),
    Route(
        "GET",
        "/api/signal/{symbol}",
        "getSignal",
        "Signal Flow",
        messages.SignalOf,
        errors=_OF_SIGNAL,
        sample={"symbol": "ETHUSDT"},
    ),
    Route(
        "POST",
        "/api/signal/{symbol}/confirm",
        "confirmSignal",
        "Signal Flow",
        messages.ConfirmSignal,
        errors=_OF_SIGNAL,
        sample={"symbol": "ETHUSDT"},
    ),
    Route(
        "POST",
        "/api/signal/{symbol}/reject",
        "rejectSignal",
        "Signal Flow",
        messages.RejectSignal,
        errors=_OF_SIGNAL,
        sample={"symbol": "ETHUSDT"},
    ),
    Route(
        "POST",
        "/api/signal/cleanup",
        "cleanupSignals",
        "Signal Flow",
        messages.CleanUpSignals,
        sample={"max_age_minutes": "5"},
    ),
    Route(
        "GET",
        "/api/candles/{symbol}",
        "getCandles",
        BEYOND,
        messages.CandlesOf,
        errors=_UNLISTED,
        sample={**_BTC, "limit": "200"},
    ),
    Route("GET", "/api/explain/{symbol}", "explain", BEYOND, messages.ExplanationOf, errors=_UNLISTED, sample=_BTC_MTF),
    Route("POST", "/api/halt", "halt", BEYOND, messages.Halt, strict=True, sample={"reason": "operator"}),
    Route("POST", "/api/resume", "resume", BEYOND, messages.Resume, strict=True, errors=_UNLISTED),
    Route("GET", "/api/audit", "getAudit", BEYOND, messages.AuditOf, paged=True, sample={"limit": "50"}),
    Route("GET", "/api/metrics", "getMetrics", BEYOND, page="metrics"),
    Route("GET", "/api/events", "getEvents", BEYOND, messages.Events, stream=True, sample={"types": "agent,signal"}),
    Route("GET", "/api/openapi.json", "getOpenapi", BEYOND, page="openapi", open=True),
    Route("GET", "/api/docs", "getDocs", BEYOND, page="docs", open=True),
)

"""The route table: what can be asked over HTTP, and which message each request becomes.

Handlers, the OpenAPI document, the docs page and the checks before a handler runs all read these rows. A field of
the message stands in the path if the path names it, in the body if the route has one, else in the query.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any, Literal

from opentrader.actors import messages as m
from opentrader.actors.message import Message
from opentrader.domain.agents import AGENTS
from opentrader.errors import (
    AgentNotFound,
    LicenseKeyNotFound,
    OpentraderError,
    SignalExpired,
    SignalNotFound,
    SignalNotPending,
    SymbolNotFound,
)

Place = Literal["path", "query", "body"]
Page = Literal["dashboard", "docs", "openapi"]

BEYOND = "beyond"
RESERVED = ("all", "scan", "list", "pending", "cleanup")
"""Words that are routes and never symbols, whatever the method."""


@dataclass(frozen=True, slots=True)
class Route:
    """One method of one path.

    `effects`: it changes something (any method but GET does). `strict`: an unknown or repeated query parameter is
    refused. `query`: fields that stand in the query although there is a body. `errors`: what it answers beyond
    the errors that all routes share. `resolve`: looks a path value up before the body is read. `sample`: the
    values of an example request.
    """

    method: str
    path: str
    operation: str
    section: str
    message: type[Message[Any]] | None = None
    page: Page | None = None
    open: bool = False  # answered without a token
    effects: bool = False
    strict: bool = False
    body: Literal["none", "required", "optional"] = "none"
    query: tuple[str, ...] = ()
    errors: tuple[type[OpentraderError], ...] = ()
    resolve: Callable[[Mapping[str, str]], None] | None = None
    sample: Mapping[str, Any] = field(default_factory=dict)

    @property
    def acts(self) -> bool:
        return self.effects or self.method != "GET"

    @property
    def licensed(self) -> bool:
        return self.message is not None and self.message.licensed

    @property
    def places(self) -> dict[str, Place]:
        """Where each field of the message stands in a request."""
        if self.message is None:
            return {}
        named = set(re.findall(r"{(\w+)}", self.path))
        told = fields(self.message)  # type: ignore[arg-type]  # every message is a dataclass
        return {field.name: self._place(field.name, named) for field in told}

    def _place(self, name: str, named: set[str]) -> Place:
        if name in named:
            return "path"
        return "query" if self.body == "none" or name in self.query else "body"


def _also_post(route: Route) -> tuple[Route, Route]:
    """A GET with effects, and its POST form for clients that keep GET free of them."""
    posted = replace(route, method="POST", operation=route.operation + "Post", section=BEYOND)
    return replace(route, effects=True), posted


def _known_agent(path: Mapping[str, str]) -> None:
    if path["name"].lower() not in AGENTS:
        raise AgentNotFound(f"there is no agent {path['name']!r}", hint="one of " + ", ".join(AGENTS))


_OF_SIGNAL = (SignalNotFound, SignalNotPending, SignalExpired)
_UNLISTED = (SymbolNotFound,)
_BTC = {"symbol": "BTC", "timeframe": "1h"}
_BTC_MTF = {"symbol": "BTC", "mtf_tf": "4h"}
_SIGNAL = {
    "symbol": "ETHUSDT", "direction": "buy", "bot": "mr_combined", "price": 2450.5, "sl_pct": 3.0, "tp_pct": 7.0,
    "passed": 5, "total": 7,
}  # fmt: skip
_SNAPSHOT = {
    "symbol": "BTC", "trend": "uptrend", "timeframe": "1h", "source": "trend_scan", "type": "crypto",
    "score": {"uptrend": 5, "downtrend": 0, "sideway": 2}, "indicators": {}, "timestamp": 1714216800,
}  # fmt: skip

ROUTES: tuple[Route, ...] = (
    Route("GET", "/api/health", "getHealth", "Health", m.HealthOf, open=True),
    Route("GET", "/api/license/status", "getLicense", "License", m.LicenseOf),
    Route(
        "POST", "/api/license/register", "registerLicense", "License", m.RegisterLicense,
        body="required", sample={"email": "you@example.com", "name": "Your Name"},
    ),
    Route(
        "POST", "/api/license/activate", "activateLicense", "License", m.ActivateLicense,
        body="required", errors=(LicenseKeyNotFound,), sample={"license_key": "OT-XXXX-XXXX-XXXX-XXXX"},
    ),
    Route("GET", "/api/dashboard", "getDashboard", "Dashboard", page="dashboard", open=True),
    Route(
        "POST", "/api/agent/{name}", "updateAgent", "Dashboard", m.UpdateAgent,
        body="required", errors=(AgentNotFound,), resolve=_known_agent,
        sample={"name": "coo", "status": "running", "action": "Day trading scan"},
    ),
    Route("GET", "/api/state", "getState", "Dashboard", m.BoardState),
    Route(
        "POST", "/api/mr-combined/scan-and-signal", "scanAndSignal", "Scan & Signal", m.ScanAndSignal,
        body="optional", query=("agent",), sample={"symbols": ["BTC", "ETH"], "agent": "scout"},
    ),
    Route(
        "POST", "/api/trend/{symbol}", "storeTrend", "Trend Single-TF", m.StoreTrend,
        body="required", sample=_SNAPSHOT,
    ),
    Route("GET", "/api/trend/{symbol}", "getTrend", "Trend Single-TF", m.TrendOf, errors=_UNLISTED, sample=_BTC),
    Route("GET", "/api/trend/all", "listTrends", "Trend Single-TF", m.TrendRows, sample={"timeframe": "4h"}),
    *_also_post(
        Route(
            "GET", "/api/trend/scan", "scanTrends", "Trend Single-TF", m.ScanTrends,
            sample={"timeframe": "1d", "agent": "tech"},
        )
    ),
    Route(
        "GET", "/api/market/{symbol}", "getMarket", "Market Multi-TF", m.MarketOf,
        errors=_UNLISTED, sample=_BTC_MTF,
    ),
    *_also_post(
        Route(
            "GET", "/api/market/scan", "scanMarket", "Market Multi-TF", m.ScanMarkets,
            sample={"mtf_tf": "4h", "agent": "tech"},
        )
    ),
    Route("GET", "/api/market/all", "listMarkets", "Market Multi-TF", m.MarketRows, sample={"stale": "false"}),
    Route("POST", "/api/signal", "postSignal", "Signal Flow", m.PostSignal, body="required", sample=_SIGNAL),
    Route("GET", "/api/signal/list", "listSignals", "Signal Flow", m.SignalRows),
    Route("GET", "/api/signal/pending", "pendingText", "Signal Flow", m.PendingText),
    Route(
        "GET", "/api/signal/{symbol}", "getSignal", "Signal Flow", m.SignalOf,
        errors=_OF_SIGNAL, sample={"symbol": "ETHUSDT"},
    ),
    Route(
        "POST", "/api/signal/{symbol}/confirm", "confirmSignal", "Signal Flow", m.ConfirmSignal,
        errors=_OF_SIGNAL, sample={"symbol": "ETHUSDT"},
    ),
    Route(
        "POST", "/api/signal/{symbol}/reject", "rejectSignal", "Signal Flow", m.RejectSignal,
        errors=_OF_SIGNAL, sample={"symbol": "ETHUSDT"},
    ),
    Route(
        "POST", "/api/signal/cleanup", "cleanupSignals", "Signal Flow", m.CleanUpSignals,
        sample={"max_age_minutes": "5"},
    ),
    Route(
        "GET", "/api/candles/{symbol}", "getCandles", BEYOND, m.CandlesOf,
        errors=_UNLISTED, sample={**_BTC, "limit": "200"},
    ),
    Route("GET", "/api/explain/{symbol}", "explain", BEYOND, m.ExplanationOf, errors=_UNLISTED, sample=_BTC_MTF),
    Route("GET", "/api/openapi.json", "getOpenapi", BEYOND, page="openapi", open=True),
    Route("GET", "/api/docs", "getDocs", BEYOND, page="docs", open=True),
)  # fmt: skip

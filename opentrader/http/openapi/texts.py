"""The texts of the OpenAPI document and the docs page that the annotations do not hold."""

from __future__ import annotations

import inspect

from opentrader.http.route import Page, Route

DESCRIPTION = """\
All paths begin with `/api`. JSON is UTF-8, times are whole Unix seconds, percentages are in percent (2.0 is 2 %).

**Errors.** `{"ok": false, "detail": ..., "code": ..., "hint"?, "request_id"?}`: branch on `code`. `detail` is a
sentence; on 422 it is the list of all refused values, as `{loc, msg, type, input?, ctx?}`.

**Order of checks.** Route 404 and method 405; token 401; origin 403; license and start 503; body 413, 415, 400;
values 422; state 404, 409, 410; failures 500 and 504.

**Symbols.** BTC, btc, BTCUSDT, BTC/USDT (`%2F` in a path), BTC-USDT and BTC_USDT all name the same market.
Trading routes reply with the pair `BTCUSDT`, analysis routes with the base asset `BTC`.

**Methods.** HEAD works on a GET that changes no state and returns 405 on one that does. OPTIONS returns 204 with
Allow. A trailing slash is ignored.

**Query.** An unknown parameter is ignored and listed in `X-Unknown-Parameters`; the last value of a repeated one
counts. Routes marked "strict query" refuse both.

**Keys.** A route that lists `Idempotency-Key` executes once per key: the same key for another request is a 422
`idempotency_key_reused`, and while the first one is still executed a 409 `idempotency_in_progress`. Every other route
ignores the header.

**Bodies.** At most 64 KiB. They are parsed as JSON if Content-Type is absent, JSON, text/plain or curl's default."""

FIELDS = {
    "agent": "The agent whose dashboard card shows this request. A name without a card is only logged.",
    "action": "Only log entries of this action, for example `trade`.",
    "bot": "The strategy or bot name stored with the trade and used in statistics.",
    "cancel_pending": "Whether to cancel resting entries as well.",
    "confidence": "0 to 10; a trade needs at least 8.",
    "direction": "buy or sell, in any letter case.",
    "entry_px": "The limit price.",
    "ev": "Expected value in percent of the amount at risk; a trade needs more than 25.",
    "htf_tf": "The higher timeframe, not shorter than `mtf_tf`. The default depends on `mtf_tf`: "
    "15m 1h, 30m 4h, 1h 4h, 4h 1d, 1d 1d, 1w 1w.",
    "id": "The id of the trade, or of the pending entry.",
    "limit": "Maximum number of rows; the newest are returned.",
    "max_age_minutes": "Minimum age of the signals; 0 selects all.",
    "message": "Plain text, 1 to 4096 characters.",
    "mtf_tf": "The middle timeframe, on which trades are entered.",
    "name": "coo, ops, tech, finance or scout, in any letter case.",
    "offset": "Number of rows to skip.",
    "reason": "The reason, for the log.",
    "rr": "Risk to reward, for example 1:3; an alternative to tp_pct.",
    "since": "Only log entries from this time on, in Unix seconds.",
    "sl": "Stop-loss distance from the entry price, in percent.",
    "sl_pct": "Stop-loss distance from the entry price, in percent.",
    "sl_px": "The stop price.",
    "stale": "Whether to include stale rows: true or false, 1 or 0, yes or no.",
    "symbol": "The market, in any spelling, for example BTC or BTC/USDT.",
    "tp": "Take-profit distance from the entry price, in percent.",
    "tp_pct": "Take-profit distance from the entry price, in percent; an alternative to rr.",
    "tp_px": "The target price.",
    "ttl_hours": "Hours until the unfilled entry is cancelled.",
    "types": "Event kinds, comma-separated: trade, signal, pending, agent, trend, market, halt, page, log, license."
    " Default: all.",
    "timeframe": "The candle length, for example 1h. Case-sensitive.",
}
"""The descriptions of parameters, by name."""

ERRORS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (500, ("exchange_error", "internal_error")),
    (503, ("not_ready", "overloaded", "shutting_down", "storage_error")),
    (504, ("timeout",)),
)
"""The errors of every route that asks the trading system."""

PAGES: dict[Page, str] = {
    "dashboard": "The dashboard, an HTML page.",
    "docs": "The API documentation, an HTML page.",
    "openapi": "The API as an OpenAPI 3.1 document.",
    "metrics": "Metrics of the daemon in the Prometheus text format.",
}


def summary_of(route: Route) -> str:
    """One sentence: the first paragraph of the message's docstring, or the description of the page."""
    if route.page is not None:
        return PAGES[route.page]
    return (inspect.getdoc(route.message) or "").partition("\n\n")[0].replace("\n", " ")

"""What the OpenAPI document and the docs page say beyond what the annotations show."""

from __future__ import annotations

import inspect

from opentrader.http.route import Page, Route

DESCRIPTION = """\
Prefix `/api`. JSON is UTF-8, instants are whole Unix seconds, percentages are in percent (2.0 is 2 %).

**Errors.** `{"ok": false, "detail": ..., "code": ..., "hint"?, "request_id"?}`: branch on `code`. `detail` is a
sentence, on 422 the list of everything that was refused, as `{loc, msg, type, input?, ctx?}`.

**Order of checks.** Route 404 and method 405; token 401; origin 403; license and start 503; body 413, 415, 400;
values 422; then the state 404, 409, 410; then failures 500 and 504.

**Symbols.** BTC, btc, BTCUSDT, BTC/USDT (`%2F` in a path), BTC-USDT and BTC_USDT all mean the same market.
Trading routes answer with the pair `BTCUSDT`, analysis routes with the base `BTC`.

**Methods.** HEAD works on a GET that changes nothing and is 405 on one that does. OPTIONS is 204 with Allow. A
trailing slash makes no difference.

**Query.** A parameter that is not known is ignored and named in `X-Unknown-Parameters`; of a repeated one the last
counts.

**Bodies.** At most 64 KiB; read as JSON when Content-Type is absent, JSON, text/plain or curl's default."""

FIELDS = {
    "agent": "The dashboard card that shows this work. A name without a card is only logged.",
    "action": "Only entries of this action, for example `trade`.",
    "bot": "Who trades: the name that trades and statistics carry.",
    "cancel_pending": "Whether resting entries are cancelled as well.",
    "confidence": "0 to 10; a trade needs 8.",
    "direction": "buy or sell, in any letter case.",
    "entry_px": "The limit price.",
    "ev": "Expected value, percent of the amount at risk; a trade needs more than 25.",
    "htf_tf": "The higher timeframe; not shorter than `mtf_tf`. Left out, it follows from it: "
    "15m 1h, 30m 4h, 1h 4h, 4h 1d, 1d 1d, 1w 1w.",
    "id": "The id of the entry.",
    "limit": "How many, the newest ones.",
    "max_age_minutes": "Signals of this age or more; 0 takes all.",
    "message": "Plain text, 1 to 4096 characters.",
    "mtf_tf": "The middle timeframe, on which a trade would be taken.",
    "name": "coo, ops, tech, finance or scout, in any letter case.",
    "offset": "How many to pass over.",
    "reason": "Why, for those who look at it later.",
    "rr": "Risk to reward, for example 1:3; in place of tp_pct.",
    "since": "Only entries from this Unix second on.",
    "sl": "The stop, percent away from the entry.",
    "sl_pct": "The stop, percent away from the entry.",
    "stale": "Whether rows that are out of date are shown: true or false, 1 or 0, yes or no.",
    "symbol": "The market, in any spelling.",
    "tp": "The target, percent away from the entry.",
    "tp_pct": "The target, percent away from the entry; in place of rr.",
    "ttl_hours": "How long the entry waits.",
    "types": "Which events: trade, signal, pending, agent, trend, market, halt, log, license; all without it.",
    "timeframe": "The length of a candle. Letter case matters.",
}
"""What a parameter means, by its name."""

_MARKET = "should be a market, for example BTC, BTCUSDT or BTC/USDT"
SPELLED = {
    "agent": "should be letters, digits, dots, dashes and underscores only",
    "date": "should be a day, for example 2026-04-27",
    "direction": "should be buy or sell",
    "email": "should be an e-mail address, for example you@example.com",
    "license_key": "should be a license key, like OT-XXXX-XXXX-XXXX-XXXX",
    "symbol": _MARKET,
    "symbols": _MARKET,
    "types": "should be names in small letters with commas between them, for example agent,signal",
}
"""How a parameter that follows a pattern is spelled, by its name."""

ERRORS: tuple[tuple[int, tuple[str, ...]], ...] = (
    (500, ("exchange_error", "internal_error")),
    (503, ("not_ready", "overloaded", "shutting_down", "storage_error")),
    (504, ("timeout",)),
)
"""What any route that asks the system may fail with."""

PAGES: dict[Page, str] = {
    "dashboard": "The dashboard, a page for people.",
    "docs": "This API, readable.",
    "openapi": "This API as an OpenAPI 3.1 document.",
    "metrics": "Figures of this daemon in the text format of Prometheus.",
}


def summary_of(route: Route) -> str:
    """One sentence: what the message says of itself, or the page."""
    if route.page is not None:
        return PAGES[route.page]
    return (inspect.getdoc(route.message) or "").partition("\n\n")[0].replace("\n", " ")

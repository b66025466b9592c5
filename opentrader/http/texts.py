"""What the OpenAPI document and the docs page say beyond what the annotations show."""

from __future__ import annotations

import inspect

from opentrader.http.routes import Page, Route

DESCRIPTION = """\
Prefix `/api`. JSON is UTF-8, instants are whole Unix seconds, percentages are in percent (2.0 is 2 %).

**Errors.** `{"ok": false, "detail": ..., "code": ..., "hint"?, "request_id"?}`: branch on `code`. `detail` is a
sentence, on 422 the list of everything that was refused, as `{loc, msg, type, input?, ctx?}`.

**Order of checks.** Route 404 and method 405; token 401; origin 403; licence and start 503; body 413, 415, 400;
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
    "htf_tf": "The higher timeframe; not shorter than `mtf_tf`. Left out, it follows from it: "
    "15m 1h, 30m 4h, 1h 4h, 4h 1d, 1d 1d, 1w 1w.",
    "limit": "How many candles, the newest ones.",
    "max_age_minutes": "Signals of this age or more; 0 takes all.",
    "mtf_tf": "The middle timeframe, on which a trade would be taken.",
    "name": "coo, ops, tech, finance or scout, in any letter case.",
    "stale": "Whether rows that are out of date are shown: true or false, 1 or 0, yes or no.",
    "symbol": "The market, in any spelling.",
    "timeframe": "The length of a candle. Letter case matters.",
}
"""What a parameter means, by its name."""

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
}


def summary_of(route: Route) -> str:
    """One sentence: what the message says of itself, or the page."""
    if route.page is not None:
        return PAGES[route.page]
    return (inspect.getdoc(route.message) or "").partition("\n\n")[0].replace("\n", " ")

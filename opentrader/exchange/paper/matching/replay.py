"""Time goes by: the candles of all symbols with open orders, in the order in which they ended."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from opentrader.domain.trading.venue import Filters
from opentrader.exchange.paper.matching.engine import Matching
from opentrader.exchange.paper.matching.price_path import Path, first_touch


def pass_paths(matching: Matching, paths: Mapping[str, Path], rules: Mapping[str, Filters]) -> None:
    """Let the candles of each symbol go by; those in which no order acts are skipped.

    The outcome does not depend on how a stretch of time is cut into calls.
    """
    ahead = {symbol: _next(matching, symbol, path, 0) for symbol, path in paths.items()}
    while due := {symbol: number for symbol, number in ahead.items() if number is not None}:
        symbol = min(due, key=lambda one: (paths[one].ends[due[one]], one))
        path, number = paths[symbol], due[symbol]
        matching.pass_candle(path.rows[number], path.step, rules[symbol])
        ahead[symbol] = _next(matching, symbol, path, number + 1)


def _next(matching: Matching, symbol: str, path: Path, start: int) -> int | None:
    """The number of the first candle from `start` on in which an order acts."""
    orders = matching.account.open_orders(symbol)
    touched = first_touch(path.rows[start:], orders) if orders else None
    return None if touched is None else start + touched


class BnbPrices:
    """What one BNB cost in each currency, from the candles at hand and the price before them."""

    def __init__(self, paths: Mapping[str, Path], before: Mapping[str, Decimal | None]) -> None:
        self._paths, self._before = paths, before

    def __call__(self, quote: str, at: int) -> Decimal | None:
        path = self._paths.get(quote)
        price = path.last(at) if path else None
        return price or self._before.get(quote)

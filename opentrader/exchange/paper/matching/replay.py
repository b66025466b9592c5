"""Replays the candles of all symbols with open orders, in the order of their ends."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from opentrader.domain.trading.venue import Filters
from opentrader.exchange.paper.matching.engine import Matching
from opentrader.exchange.paper.matching.price_path import Path, first_touch


def pass_paths(matching: Matching, paths: Mapping[str, Path], rules: Mapping[str, Filters]) -> None:
    """Replay the candles of each symbol; those in which no order acts are skipped.

    The outcome does not depend on how a period is split into calls.
    """
    ahead = {symbol: _next(matching, symbol, path, 0) for symbol, path in paths.items()}
    while due := {symbol: number for symbol, number in ahead.items() if number is not None}:
        symbol = min(due, key=lambda one: (paths[one].ends[due[one]], one))
        path, number = paths[symbol], due[symbol]
        matching.pass_candle(path.rows[number], path.step, rules[symbol])
        ahead[symbol] = _next(matching, symbol, path, number + 1)


def _next(matching: Matching, symbol: str, path: Path, start: int) -> int | None:
    """The index of the first candle from `start` on in which an order acts."""
    orders = matching.account.open_orders(symbol)
    touched = first_touch(path.rows[start:], orders) if orders else None
    return None if touched is None else start + touched


class BnbPrices:
    """The price of one BNB in each quote currency, from the loaded candles and the price before them."""

    def __init__(self, paths: Mapping[str, Path], before: Mapping[str, Decimal | None]) -> None:
        self._paths, self._before = paths, before

    def __call__(self, quote: str, at: int) -> Decimal | None:
        path = self._paths.get(quote)
        price = path.last(at) if path else None
        return price or self._before.get(quote)

"""Orders of the paper exchange as tests of single parts want them: ten coins, bought or sold in BTCUSDT."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from opentrader.domain.symbols import Listing
from opentrader.exchange.paper.matching.filters import usual_filters
from opentrader.exchange.paper.matching.orders import PaperOrder

D = Decimal
FILTERS = usual_filters(Listing("BTC", "USDT"), D(100), D(0))


def order(id: int, side: Any, kind: Any, *, px: object = None, stop: object = None, **more: Any) -> PaperOrder:
    price, trigger = (None if one is None else D(str(one)) for one in (px, stop))
    plain: dict[str, Any] = {"list_id": 0, "qty": D(10), "time_in_force": "GTC", "created_at": 1, "updated_at": 1}
    named = {"cid": f"c{id}", "symbol": "BTCUSDT", "base": "BTC", "quote": "USDT", "px": price, "stop_px": trigger}
    return PaperOrder(id=id, side=side, type=kind, **{**plain, **named, **more})

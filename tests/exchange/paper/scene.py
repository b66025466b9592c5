"""A market whose every minute a test writes, and the paper exchange over it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from opentrader.domain.symbols import Listing
from opentrader.domain.trading.exchange import ListLeg, NewList, NewOrder
from opentrader.domain.trading.venue import Accepted, Order, OrderList, Outcome, Refused
from opentrader.errors import SymbolNotFound
from opentrader.exchange.paper.ledger import ledger
from opentrader.exchange.paper.matching.book import Depth
from opentrader.exchange.paper.matching.engine import Rates
from opentrader.exchange.paper.matching.fees import Fees
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.session import Terms
from tests.fakes.clock import StillClock

MINUTE = 60_000
START = 1_700_000_040_000  # a whole minute


class Tape:
    """A feed of the minutes that a test appends; every symbol opens at its first price, flat for a minute."""

    source = "tape"

    def __init__(self, opening: Mapping[str, float]) -> None:
        self.candles_of = {name: [[START - MINUTE, px, px, px, px, 1.0]] for name, px in opening.items()}

    def listings(self) -> dict[str, Listing]:
        return {name: Listing(name.removesuffix("USDT"), "USDT") for name in self.candles_of}

    def minutes(self, pair: str, start_ms: int, end_ms: int) -> np.ndarray[Any, Any]:
        if pair not in self.candles_of:
            raise SymbolNotFound(pair)
        rows = np.array(self.candles_of[pair])
        return rows[(rows[:, 0] >= start_ms) & (rows[:, 0] < end_ms)]

    async def candles(self, pair: str, timeframe: str, *, limit: int, now_ms: int) -> np.ndarray[Any, Any]:
        raise NotImplementedError("a feed of minutes is asked for minutes")


class Scene:
    """A paper exchange, the tape under it and the clock above it, with short words for what tests do."""

    def __init__(self, exchange: PaperExchange, tape: Tape, clock: StillClock) -> None:
        self.exchange, self.tape, self.clock = exchange, tape, clock
        self._number = 0

    async def transfer(self, asset: str, amount: Decimal) -> None:
        """The owner of the account moves money past all orders: in, or out when `amount` is negative."""
        at = await self.exchange._session.advance(self.clock.market_ms())
        await self.exchange._session.ledger.write(partial(ledger.deposit, asset=asset, amount=amount, at=at))

    def minute(self, opened: float, high: float, low: float, close: float, symbol: str = "BTCUSDT") -> None:
        """One minute passes in which the symbol moves, and every other stands still."""
        for name, candles in self.tape.candles_of.items():
            last = candles[-1][4]
            prices = (opened, high, low, close) if name == symbol else (last, last, last, last)
            candles.append([candles[-1][0] + MINUTE, *prices, 1.0])
        self.clock.now_ms += MINUTE

    def jump(self, *prices: float) -> None:
        """One flat minute at each price."""
        for px in prices:
            self.minute(px, px, px, px)

    def new(self, side: str, kind: str, qty: object, px: object = None, stop: object = None, **more: Any) -> NewOrder:
        self._number += 1
        named: dict[str, Any] = {"cid": f"c{self._number}", "symbol": "BTCUSDT", "sent_at": self.clock.now_ms, **more}
        qty, px, stop = (None if one is None else Decimal(str(one)) for one in (qty, px, stop))
        return NewOrder(side=side, type=kind, qty=qty, px=px, stop_px=stop, **named)  # type: ignore[arg-type]  # words as a test writes them

    async def send(self, *order: Any, **more: Any) -> Outcome:
        return await self.exchange.place(self.new(*order, **more))

    async def place(self, *order: Any, **more: Any) -> Order:
        return placed(await self.send(*order, **more))

    def new_list(self, qty: object, stop: object, target: object, limit: object = None, **more: Any) -> NewList:
        """A sell list: a market stop, or with `limit` a stop-limit, and a target above."""
        self._number += 1
        n = self._number
        stop, target = Decimal(str(stop)), Decimal(str(target))
        below = ListLeg(f"s{n}", "STOP_LOSS", None, stop)
        if limit is not None:
            below = ListLeg(f"s{n}", "STOP_LOSS_LIMIT", Decimal(str(limit)), stop)
        named = {"cid": f"l{n}", "symbol": "BTCUSDT", "side": "sell", "sent_at": self.clock.now_ms}
        named |= {"above": ListLeg(f"t{n}", "LIMIT_MAKER", target), "below": below, **more}
        return NewList(qty=Decimal(str(qty)), **named)  # type: ignore[arg-type]  # what a test names is of the right type

    async def protect(self, *prices: Any, **more: Any) -> OrderList:
        outcome = await self.exchange.place_list(self.new_list(*prices, **more))
        assert isinstance(outcome, Accepted), outcome
        assert isinstance(outcome.report, OrderList)
        return outcome.report

    async def order(self, order: Order) -> Order:
        return await self.exchange.order("BTCUSDT", order.cid)

    async def order_list(self, one: OrderList) -> OrderList:
        return await self.exchange.order_list("BTCUSDT", one.cid)

    async def free(self, asset: str) -> Decimal:
        return (await self.exchange.balances())[asset].free

    async def fills(self) -> list[tuple[Decimal, Decimal]]:
        """(price, quantity) of every trade so far."""
        return [(fill.px, fill.qty) for fill in await self.exchange.fills("BTCUSDT", 0)]


def placed(outcome: Outcome) -> Order:
    assert isinstance(outcome, Accepted), outcome
    assert isinstance(outcome.report, Order)
    return outcome.report


Opening = Callable[..., Awaitable[Scene]]


@pytest.fixture
async def opening(tmp_path: Path) -> AsyncIterator[Opening]:
    """Opens scenes. BTC stands at 100, so that a test can think in percent; a step is 0.00001, a tick 0.01."""
    async with AsyncExitStack() as undo:

        async def opened(
            *,
            prices: Mapping[str, float] | None = None,
            balance: str = "USDT=10000,BTC=10",
            depth: Depth | None = None,
            fees: Fees | None = None,
            folder: Path = tmp_path,
            **more: Any,
        ) -> Scene:
            tape, clock = Tape(prices or {"BTCUSDT": 100.0}), StillClock(START)
            amounts = {part.split("=")[0]: Decimal(part.split("=")[1]) for part in balance.split(",")}
            rates = Rates(depth or Depth(half_spread=Decimal(0), levels=10), fees or Fees(Decimal(0), Decimal(0)))
            terms = Terms(rates=rates, **more.pop("terms", {}))
            exchange = await PaperExchange.open(folder, tape, clock, balance=amounts, terms=terms, **more)
            undo.callback(exchange.close)
            return Scene(exchange, tape, clock)

        yield opened


@pytest.fixture
async def scene(opening: Opening) -> Scene:
    """No spread, no fees, ten levels of 20 000 USDT."""
    return await opening()


@pytest.fixture
def refusal() -> Callable[[Outcome], tuple[int, str]]:
    def told(outcome: Outcome) -> tuple[int, str]:
        assert isinstance(outcome, Refused), outcome
        return outcome.code, outcome.text

    return told

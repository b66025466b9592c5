"""A venue that makes trouble for a steered market, and what a test then looks at."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from opentrader.actors.trading import lifecycle_loop
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.exchange.paper.transport import InjectedFault, Script
from tests.fakes.market import Market
from tests.waiting import until


def trouble(market: Market, *faults: InjectedFault) -> None:
    market.venue.transport = type(market.venue.transport)(Script(faults), market.clock.market_ms)


async def seen(market: Market, holds: Callable[[TradingSnapshot], bool]) -> None:
    """Wait for what the snapshot shows without a look at the venue, which does not answer."""
    await until(lambda: holds(market.snapshot))


async def coins(market: Market) -> float:
    held = (await market.venue.balances()).get("SOL")
    return 0.0 if held is None else float(held.total)


@contextmanager
def rules_failing() -> Iterator[None]:
    """The rules fail on whatever is judged meanwhile, and so put it into quarantine."""

    def failing(*scene: Any) -> Any:
        raise ZeroDivisionError("a price of 0")

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(lifecycle_loop, "tick", failing)
        yield

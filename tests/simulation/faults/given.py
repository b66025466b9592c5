"""What the scripts share: requests, and how to run one script in a simulated world."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.exchange.paper.ledger.ledger import deposit
from tests.simulation.daemon import Answer
from tests.simulation.simulation import Simulation

ENTRY = messages.ExecuteTrade("SOLUSDT", "buy", bot="sim", sl=2.0, tp=6.0, ev=30, confidence=9)

OTHER = messages.ExecuteTrade("ETHUSDT", "buy", bot="sim", sl=2.0, tp=6.0, ev=30, confidence=9)

CLOSE = messages.ClosePosition("SOLUSDT")

SELL = messages.ExecuteTrade("SOLUSDT", "sell", bot="sim", sl=2.0, tp=6.0, ev=30, confidence=9)


class ScriptFailed(Exception):
    """The script did not come to its end; so the run shows nothing, and no expected failure covers it."""


def scripted(
    act: Callable[[Simulation], Coroutine[Any, Any, None]], climate: str = "calm", *, speed: float = 1.0
) -> Simulation:
    """A run in which one script acts, and nobody else. Raises `ScriptFailed` if it does not reach its end."""
    ended = list[bool]()

    async def whole(simulation: Simulation) -> None:
        await act(simulation)
        ended.append(True)

    def alone(simulation: Simulation) -> None:
        simulation.spawn(whole(simulation))

    simulation = Simulation(1, 0.3, climate, alone, speed=speed)
    simulation.run()  # raises what the script raises
    if not ended:
        raise ScriptFailed("it was still waiting at the end of the run")
    return simulation


async def done(simulation: Simulation, message: Message[Any], key: str | None = None) -> Answer:
    """A request that has to succeed; the start of the daemon may take a moment."""
    for _ in range(20):
        answer = await simulation.request(message, key)
        if answer.status == 200:
            return answer
        await asyncio.sleep(5)
    raise AssertionError(answer)


async def bought_and_taken_away(simulation: Simulation) -> None:
    """A trade whose exits the user cancels by hand, and of whose coins they take all but five out of the account."""
    await done(simulation, ENTRY)
    for order in await simulation.paper.open_orders("SOLUSDT"):
        await simulation.paper.cancel("SOLUSDT", order.cid)
    gone = (await simulation.paper.balances())["SOL"].total - 5
    withdrawal = partial(deposit, asset="SOL", amount=-gone, at=simulation.clock.market_ms())
    await simulation.ledger.write(withdrawal)

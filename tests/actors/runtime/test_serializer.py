"""Requests with a key under exclusive work wait for their turn; others pass."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import pytest

from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.serializer import Serializer
from opentrader.errors import Overloaded
from tests.actors.runtime.book import Book, Seen, ask, turn, work


async def test_requests_with_a_key_under_way_wait_in_order_and_others_pass(bench: Any) -> None:
    gates = {name: asyncio.Event() for name in "abcx"}
    asked = [ask(bench, work("BTC", name, gates[name])) for name in "abc"]
    asked.append(ask(bench, work("ETH", "x", gates["x"])))
    assert await ask(bench, Seen()) == ["begin a", "begin x"]
    for name in "xcba":  # c and b have nothing to wait for once their turn comes
        gates[name].set()
    assert await asyncio.gather(*asked) == ["opened"] * 4
    seen = await ask(bench, Seen())
    assert [event for event in seen if event[-1] in "abc"] == [
        "begin a",
        "end a",
        "begin b",
        "end b",
        "begin c",
        "end c",
    ]
    assert seen.index("end x") < seen.index("end a")


async def test_a_continuation_that_pipes_again_keeps_the_key_without_a_gap(bench: Any) -> None:
    gates = [asyncio.Event(), asyncio.Event()]
    chained = ask(bench, work("BTC", "a", *gates))
    waits = ask(bench, work("BTC", "b", gates[0]))
    await turn(bench)
    gates[0].set()
    while len(seen := await ask(bench, Seen())) < 2:
        pass
    assert seen == ["begin a", "begin a"]
    gates[1].set()
    await asyncio.gather(chained, waits)
    assert await ask(bench, Seen()) == ["begin a", "begin a", "end a", "begin b", "end b"]


async def test_too_many_requests_for_one_key_are_refused(build: Any) -> None:
    bench = build(deferred=2)
    bench.supervisor.add("book", Book)
    await bench.supervisor.start()
    gate = asyncio.Event()
    asked = [ask(bench, work("BTC", str(number), gate)) for number in range(4)]
    with pytest.raises(Overloaded, match="book has 2 requests waiting for BTC"):
        await asked[3]
    gate.set()
    assert await asyncio.gather(*asked[:3]) == ["opened"] * 3


def test_what_an_actor_sends_itself_waits_however_many_wait() -> None:
    @dataclass(frozen=True, slots=True)
    class GoOn(Message[None]):
        own = True

    serializer = Serializer("book", 1)
    serializer.hold("BTC")
    serializer.defer("BTC", Seen())
    serializer.defer("BTC", GoOn())
    with pytest.raises(Overloaded):
        serializer.defer("BTC", Seen())
    serializer.release("BTC")
    assert [message for message, _ in serializer.turns("BTC")] == [Seen(), GoOn()]

"""Reads that many want: asked once, fresh enough for each taker, and old once a write was answered."""

from __future__ import annotations

import asyncio

import pytest

from opentrader.exchange.shared import SharedReads


class Venue:
    """Answers with the number of the question, when it is let."""

    def __init__(self) -> None:
        self.asked = 0
        self.open = asyncio.Event()

    async def __call__(self) -> int:
        self.asked += 1
        number = self.asked
        await self.open.wait()
        if number == 13:
            raise ValueError("unlucky")
        return number


async def test_takers_share_a_question_that_is_in_flight() -> None:
    shared, venue = SharedReads(), Venue()
    takers = [asyncio.create_task(shared.get("k", None, venue, max_age=0)) for _ in range(3)]
    await asyncio.sleep(0)
    venue.open.set()
    assert {number for number, _ in await asyncio.gather(*takers)} == {1}


async def test_a_write_makes_old_what_it_concerns_and_nothing_else() -> None:
    shared, venue = SharedReads(), Venue()
    venue.open.set()
    await shared.get("k", None, venue, max_age=60)
    shared.wrote("ETH")
    assert (await shared.get("k", "BTC", venue, max_age=60))[0] == 1
    assert (await shared.get("k", "ETH", venue, max_age=60))[0] == 2
    shared.wrote("BTC")
    assert not shared.has("k", "BTC", max_age=60)


async def test_a_failure_is_told_to_all_and_serves_nobody_after() -> None:
    shared, venue = SharedReads(), Venue()
    venue.asked = 12
    takers = [asyncio.create_task(shared.get("k", None, venue, max_age=60)) for _ in range(2)]
    await asyncio.sleep(0)
    venue.open.set()
    for taker in takers:
        with pytest.raises(ValueError, match="unlucky"):
            await taker
    assert (await shared.get("k", None, venue, max_age=60))[0] == 14


async def test_at_the_end_nothing_is_left_in_flight() -> None:
    shared, venue = SharedReads(), Venue()
    taker = asyncio.create_task(shared.get("k", None, venue, max_age=0))
    await asyncio.sleep(0)
    await shared.close()
    with pytest.raises(asyncio.CancelledError):
        await taker
    assert not shared.has("k", None, max_age=60)

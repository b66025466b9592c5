"""Who waits for an outcome: woken by a change, once, with what was found."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Any

import pytest

from opentrader.actors.runtime.message import Message
from opentrader.actors.trading.waiters import Await, GiveUp, Waiter, Waiters, until
from tests.fakes.links import links
from tests.waiting import until as until_told


def test_one_who_finds_it_at_once_does_not_wait() -> None:
    waiters, found = Waiters(links()), iter(["here", "again"])
    waiter = Waiter(frozenset("a"), lambda: next(found))
    waiters.add(Await(waiter))
    waiters.changed("a")
    assert waiter.wake.result() == "here"
    assert list(found) == ["again"]  # it was asked once


def test_a_change_of_another_trade_asks_nobody() -> None:
    waiters, asked = Waiters(links()), list[str]()
    waiters.add(Await(Waiter(frozenset("a"), lambda: asked.append("a"))))
    waiters.changed("b")
    assert asked == ["a"]
    waiters.changed("a")
    assert asked == ["a", "a"]


def test_each_is_woken_once_and_the_others_wait_on() -> None:
    waiters, state = Waiters(links()), dict[str, str]()
    first, second = (Waiter(frozenset("ab"), partial(state.get, key)) for key in "ab")
    waiters.add(Await(first))
    waiters.add(Await(second))
    state["a"] = "done"
    waiters.changed("a")
    assert first.wake.result() == "done"
    assert not second.wake._answer
    state["b"] = "over"
    waiters.changed("b")
    assert second.wake.result() == "over"


def test_who_gave_up_is_asked_no_more() -> None:
    waiters, asked = Waiters(links()), list[str]()
    waiter = Waiter(frozenset("a"), lambda: asked.append("a"))
    waiters.add(Await(waiter))
    waiters.drop(GiveUp(waiter))
    waiters.changed("a")
    assert asked == ["a"]


async def test_a_coroutine_that_is_canceled_says_so() -> None:
    told = list[Any]()
    waiting: asyncio.Task[None] = asyncio.create_task(until(told.append, frozenset("a"), lambda: None))
    await until_told(lambda: told)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    asked, gave_up = told
    assert (type(asked), type(gave_up)) == (Await, GiveUp)
    assert asked.waiter is gave_up.waiter


async def test_it_returns_what_was_found() -> None:
    waiters = Waiters(links())

    def tell(message: Message[Any]) -> None:
        assert isinstance(message, Await)
        waiters.add(message)

    assert await until(tell, frozenset("a"), lambda: 7) == 7

"""Parts of an actor: each handles its own messages on the actor's thread, and no message is handled twice."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Any

import pytest

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.part import Part
from opentrader.actors.runtime.reply import Reply
from opentrader.errors import InternalError
from tests.actors.runtime.book import ask


@dataclass(frozen=True, slots=True)
class Count(Message[tuple[int, int]]):
    owner = "shop"


@dataclass(frozen=True, slots=True)
class Fetched(Message[tuple[int, int]]):
    outcome: Outcome[int]


@dataclass(frozen=True, slots=True)
class Whoami(Message[str]):
    owner = "shop"


async def seven() -> int:
    return 7


class Counter(Part):
    """Counts, by way of the loop."""

    counted = 0

    @handles(Count)
    def count(self, message: Count) -> Reply[tuple[int, int]]:
        return self.links.pipe(seven(), then=Fetched)

    @handles(Fetched)
    def add(self, message: Fetched) -> tuple[int, int]:
        self.counted += message.outcome.unwrap()
        return self.counted, threading.get_ident()


class Shop(Actor):
    def __init__(self, context: Context) -> None:
        super().__init__(context)
        self.join(Counter(self.links))

    @handles(Whoami)
    def whoami(self, message: Whoami) -> str:
        return str(threading.get_ident())


async def test_a_part_handles_its_messages_and_the_outcomes_of_what_it_piped(build: Any) -> None:
    bench = build()
    bench.supervisor.add("shop", Shop)
    await bench.supervisor.start()
    thread = int(await ask(bench, Whoami()))
    assert [await ask(bench, Count()) for _ in range(2)] == [(7, thread), (14, thread)]


async def test_a_message_that_two_handle_is_refused(build: Any) -> None:
    class Twice(Part):
        @handles(Whoami)
        def whoami(self, message: Whoami) -> str:
            return "me"

    class Rival(Shop):
        def __init__(self, context: Context) -> None:
            super().__init__(context)
            self.join(Twice(self.links))

    bench = build()
    bench.supervisor.add("shop", Rival)
    with pytest.raises(InternalError, match="shop did not start") as caught:
        await bench.supervisor.start()
    assert str(caught.value.__cause__) == "Rival and Twice both handle Whoami"

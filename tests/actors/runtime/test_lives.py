"""Where a life runs: by default on a thread of its own."""

from __future__ import annotations

import asyncio
import threading
from typing import Any

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.lives import Threads
from opentrader.actors.runtime.mailbox import Mailbox
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from tests.fakes.clock import CountedIds, StillClock


class Where(Message[int]):
    owner = "teller"


class Teller(Actor):
    @handles(Where)
    def where(self, message: Where) -> int:
        return threading.get_ident()


class Counted(Threads):
    """Threads, and what was asked of them."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def mailbox(self, name: str, limit: int) -> Mailbox:
        self.told.append((name, limit))
        return super().mailbox(name, limit)

    def begin(self, actor: Actor) -> None:
        self.told.append(type(actor))
        super().begin(actor)


async def test_each_life_has_a_thread_and_the_supervisor_asks_for_it() -> None:
    lives = Counted()
    supervisor = Supervisor(asyncio.get_running_loop(), StillClock(), CountedIds(), on_fatal=str, lives=lives)
    supervisor.add("teller", Teller)
    await supervisor.start()
    try:
        assert await supervisor.ask(Where(), timeout=5) != threading.get_ident()
    finally:
        await supervisor.stop()
    assert lives.told == [("teller", 1000), Teller]

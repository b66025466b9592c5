"""The watchdog takes nobody for stuck who is not."""

from __future__ import annotations

import asyncio

from pykka._envelope import Envelope

from opentrader.actors.runtime.mailbox import Mailbox
from opentrader.actors.runtime.supervision.watchdog import Watchdog


class Watched:
    def __init__(self) -> None:
        self.box = Mailbox("book", 10)
        self.stuck: list[str] = []
        loop = asyncio.new_event_loop()
        loop.close()
        self.dog = Watchdog(loop, 5, lambda: [self.box], self.stuck.append)

    def take(self) -> None:
        self.box.put(Envelope("work"))
        self.box.get()


def test_the_same_message_in_hand_twice_is_stuck_and_said_once() -> None:
    watched = Watched()
    watched.take()
    watched.dog.look()
    assert watched.stuck == []
    watched.dog.look()
    watched.dog.look()
    assert watched.stuck == ["book"]
    assert watched.dog.stuck == {"book"}


def test_an_actor_that_works_through_a_long_queue_is_not_stuck() -> None:
    watched = Watched()
    for _ in range(3):
        watched.take()
        watched.dog.look()
    assert watched.stuck == []


def test_an_actor_that_moves_again_is_stuck_no_longer_and_can_be_said_to_be_again() -> None:
    watched = Watched()
    watched.take()
    for _ in range(2):
        watched.dog.look()
    watched.take()
    watched.dog.look()
    assert watched.dog.stuck == set()
    watched.dog.look()
    assert watched.stuck == ["book", "book"]


def test_an_idle_actor_is_not_stuck() -> None:
    watched = Watched()
    for _ in range(3):
        watched.dog.look()
    assert watched.stuck == []

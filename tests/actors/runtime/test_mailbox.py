"""The mailbox: bounded for requests, open for all else, and no letter lost between two threads."""

from __future__ import annotations

import queue
from dataclasses import dataclass
from typing import Any

import pykka
import pytest
from pykka._envelope import Envelope
from pykka.messages import _ActorStop

from opentrader.actors.runtime.mailbox import Mailbox
from opentrader.actors.runtime.message import Message, Ping, Tick
from opentrader.actors.runtime.reply import Reply
from opentrader.errors import Overloaded, ShuttingDown


@dataclass(frozen=True, slots=True)
class Request(Message[int]):
    number: int


class Continuation:
    """Anything that is no `Message`: what the actors put into their own mailboxes."""


def mail(message: Any) -> Envelope[Any]:
    return Envelope(message, Reply())


def stopping() -> ShuttingDown:
    return ShuttingDown("over")


def full_box() -> Mailbox:
    box = Mailbox("book", 2)
    for number in range(2):
        box.put(mail(Request(number)))
    return box


def taken(box: Mailbox) -> list[Any]:
    return [box.get().message for _ in range(len(box))]


def error_of(envelope: Envelope[Any]) -> BaseException | None:
    assert isinstance(envelope.reply_to, Reply)
    return envelope.reply_to.error()


def test_messages_come_out_in_order_of_arrival() -> None:
    box = Mailbox("book", 10)
    for number in range(5):
        box.put(mail(Request(number)))
    assert [message.number for message in taken(box)] == list(range(5))
    assert box.taken == 5


def test_a_request_beyond_the_limit_is_refused_at_once() -> None:
    box = full_box()
    with pytest.raises(Overloaded, match="book has 2 requests waiting"):
        box.put(mail(Request(2)))
    box.get()
    box.put(mail(Request(3)))
    assert [message.number for message in taken(box)] == [1, 3]


def test_what_an_actor_sends_itself_is_taken_into_a_full_box() -> None:
    @dataclass(frozen=True, slots=True)
    class GoOn(Message[None]):
        own = True

    box = full_box()
    box.put(mail(GoOn()))
    with pytest.raises(Overloaded):
        box.put(mail(Request(2)))
    assert taken(box)[-1] == GoOn()


@pytest.mark.parametrize("message", [Tick(1.0), Ping(), Continuation(), _ActorStop()], ids=lambda m: type(m).__name__)
def test_what_keeps_an_actor_going_is_taken_into_a_full_box(message: Any) -> None:
    box = full_box()
    box.put(mail(message))
    assert taken(box)[-1] is message


def test_of_the_ticks_that_wait_the_latest_remains() -> None:
    box = Mailbox("book", 10)
    for message in (Request(0), Tick(1.0), Request(1), Tick(2.0), Tick(3.0)):
        box.put(mail(message))
    assert taken(box) == [Request(0), Tick(3.0), Request(1)]
    box.put(mail(Tick(4.0)))
    assert taken(box) == [Tick(4.0)]


def test_a_tick_that_comes_while_one_is_taken_is_not_lost() -> None:
    class Interrupted(Mailbox):
        """Lets the other thread put a tick just before the flag falls."""

        def __setattr__(self, name: str, value: Any) -> None:
            if name == "_tick_waits" and value is False and self.__dict__.pop("interrupt", False):
                self.put(mail(Tick(2.0)))
            super().__setattr__(name, value)

    box = Interrupted("book", 10)
    box.put(mail(Tick(1.0)))
    box.interrupt = True
    assert taken(box)[-1] == Tick(2.0)


# closing


def test_a_closed_box_answers_what_waits_and_what_comes() -> None:
    box = Mailbox("book", 10)
    before, after, stop = mail(Request(0)), mail(Request(1)), mail(_ActorStop())
    box.put(before)
    box.put(stop)
    box.close(stopping)
    box.put(after)
    assert isinstance(error_of(before), ShuttingDown)
    assert isinstance(error_of(after), ShuttingDown)
    assert stop.reply_to is not None
    assert stop.reply_to.get(timeout=0) is None  # it has what it asked for
    assert len(box) == 0


def test_whoever_gets_from_a_closed_box_is_told_to_stop() -> None:
    box = Mailbox("book", 10)
    box.close(stopping)
    assert box.get().message == _ActorStop()


def close_just_before_the_put(box: Mailbox) -> Envelope[Any]:
    """The sender has found the box open; the other thread closes and empties it; then the letter drops in."""

    class Late(queue.SimpleQueue[Any]):
        def put(self, item: Any, *args: Any) -> None:
            if isinstance(item.message, Request):
                box.close(stopping)
            super().put(item)

    box._queue = Late()
    late = mail(Request(0))
    box.put(late)
    return late


def test_a_letter_that_drops_in_after_the_last_look_is_answered() -> None:
    assert isinstance(error_of(close_just_before_the_put(Mailbox("book", 10))), ShuttingDown)


def test_pykka_loses_the_reply_to_a_letter_that_drops_in_after_the_last_look() -> None:
    ref = pykka.ThreadingActor.start()
    ref.stop()
    late: pykka.ThreadingFuture[int] = pykka.ThreadingFuture()
    ref.actor_inbox.put(Envelope(Request(0), reply_to=late))  # as ask() does once it has found the actor alive
    with pytest.raises(pykka.Timeout):
        late.get(timeout=0)


def test_the_message_in_the_hands_of_a_stuck_handler_can_be_answered() -> None:
    box = Mailbox("book", 10)
    held = mail(Request(0))
    box.put(held)
    box.get()
    box.abandon(stopping())
    assert isinstance(error_of(held), ShuttingDown)

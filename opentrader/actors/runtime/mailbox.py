"""The inbox of one actor: bounded for requests, unbounded for the messages that keep the actor running.

It outlives a crash of the actor: the next life handles the messages that are still in it.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from typing import Any

from pykka._envelope import Envelope
from pykka.messages import _ActorStop as Stop

from opentrader.actors.runtime.message import Message, Ping, Tick
from opentrader.actors.runtime.outcome import Failed
from opentrader.errors import OpentraderError, Overloaded


class Mailbox:
    """The inbox interface of pykka (`put`, `get`, `empty`) over a `SimpleQueue`: one C call per message.

    Any thread puts; only the actor's thread gets.
    """

    def __init__(self, name: str, limit: int) -> None:
        self.name = name
        self.limit = limit
        self.taken = 0  # messages taken out so far
        self.in_hand: Envelope[Any] | None = None  # the one being handled
        self._queue: queue.SimpleQueue[Envelope[Any]] = queue.SimpleQueue()
        self._tick: Envelope[Any] | None = None  # the latest
        self._tick_waits = False
        self._closed: Callable[[], OpentraderError] | None = None

    def __len__(self) -> int:
        return 0 if self._closed else self._queue.qsize()

    def empty(self) -> bool:
        """Whether no message is waiting."""
        return self._queue.empty()

    def put(self, envelope: Envelope[Any]) -> None:
        """Add a message. Raises `Overloaded` for a request beyond the limit.

        A closed mailbox answers the message with the reason. Ticks conflate: a new one replaces one that waits.
        """
        message = envelope.message
        if isinstance(message, Tick):
            self._put_tick(envelope)
        elif _is_request(message) and len(self) >= self.limit:
            raise Overloaded(f"actor {self.name} has {self.limit} requests waiting", hint="retry in a second")
        else:
            self._enqueue(envelope)

    def get(self) -> Envelope[Any]:
        """The next message, in order of arrival; blocks until there is one."""
        self.in_hand = None
        envelope = self._queue.get()
        if isinstance(envelope.message, Tick):
            # The flag is cleared before the tick is read: a tick that arrives in between is queued again, not lost.
            self._tick_waits = False
            envelope = self._tick or envelope
        self.in_hand = envelope
        self.taken += 1
        return envelope

    def close(self, reason: Callable[[], OpentraderError]) -> None:
        """From now on answer every waiting and new message with the error that `reason` makes; the actor ends."""
        self._closed = reason
        self._turn_away(reason)

    def abandon(self, error: OpentraderError) -> None:
        """Fail the message being handled: its handler is stuck."""
        if (envelope := self.in_hand) is not None:
            _refuse(envelope, error)

    def _put_tick(self, envelope: Envelope[Any]) -> None:
        self._tick = envelope
        if not self._tick_waits:
            self._tick_waits = True
            self._enqueue(envelope)

    def _enqueue(self, envelope: Envelope[Any]) -> None:
        self._queue.put(envelope)
        # After the put: either the closing thread finds the message in the queue, or this one finds the mailbox closed.
        if self._closed is not None:
            self._turn_away(self._closed)

    def _turn_away(self, reason: Callable[[], OpentraderError]) -> None:
        try:
            while True:
                _refuse(self._queue.get_nowait(), reason())
        except queue.Empty:
            pass
        # A thread that comes back to a closed mailbox must find a message that ends it, not block forever.
        self._queue.put(Envelope(Stop()))


def _is_request(message: object) -> bool:
    return isinstance(message, Message) and not message.own and not isinstance(message, Ping)


def _refuse(envelope: Envelope[Any], error: OpentraderError) -> None:
    if envelope.reply_to is not None:
        envelope.reply_to.set(None if isinstance(envelope.message, Stop) else Failed(error))

"""Actors as callbacks of the loop: one message a callback, in the context of the life that started them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextvars import copy_context
from functools import partial
from typing import Any

import pykka
from pykka._envelope import Envelope

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.mailbox import Mailbox


class WakingMailbox(Mailbox):
    """The real mailbox, with its limits; it wakes whoever serves it instead of a thread that waits."""

    wake: Callable[[], object] | None = None

    def _enqueue(self, envelope: Envelope[Any]) -> None:
        super()._enqueue(envelope)
        if self.wake is not None:
            self.wake()


class Callbacks:
    """`Lives` on a loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._begun: list[Actor] = []

    def forget(self) -> None:
        """Take all actors out of pykka's registry, which knows those of every process that we play."""
        for actor in self._begun:
            pykka.ActorRegistry.unregister(actor.actor_ref)

    def mailbox(self, name: str, limit: int) -> Mailbox:
        return WakingMailbox(name, limit)

    def begin(self, actor: Actor) -> None:
        self._begun.append(actor)
        served = _Served(self._loop, actor)
        self._loop.call_soon(served.set_up)


class _Served:
    """One life of one actor."""

    def __init__(self, loop: asyncio.AbstractEventLoop, actor: Actor) -> None:
        mailbox = actor.context.mailbox
        assert isinstance(mailbox, WakingMailbox)
        self._loop, self._actor, self._mailbox = loop, actor, mailbox
        self._context, self._awake = copy_context(), False

    def set_up(self) -> None:
        self._actor._actor_loop_setup()
        self._mailbox.wake = self._wake
        self._wake()

    def _wake(self) -> None:
        if not self._awake:
            self._awake = True
            self._loop.call_soon(partial(self._step), context=self._context)

    def _step(self) -> None:
        self._awake = False
        if not self._actor.actor_stopped.is_set() and not self._mailbox.empty():
            envelope = self._mailbox.get()
            answer = self._actor._handle_receive(envelope.message)
            if envelope.reply_to is not None:
                envelope.reply_to.set(answer)
            self._mailbox.in_hand = None  # or the watchdog takes it for one that never returns
        if self._actor.actor_stopped.is_set():
            self._mailbox.wake = None
            self._actor._actor_loop_teardown()
            self._actor.context.ended(self._actor._death)
        elif not self._mailbox.empty():
            self._wake()

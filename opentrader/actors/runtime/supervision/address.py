"""One address: the mailbox that outlives its actor, and the life that serves it now."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeAlias

import pykka
from pykka._envelope import Envelope

from opentrader.actors.runtime.actor import Actor, cut_off
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.mailbox import Mailbox
from opentrader.actors.runtime.message import Message, Ping
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.runtime.tasks import Tasks
from opentrader.actors.runtime.wakeup import wakeup_of
from opentrader.errors import NotReady, Overloaded, ShuttingDown

Factory: TypeAlias = Callable[[Context], Actor]
End: TypeAlias = Callable[[BaseException | None], None]  # reports the cause, None for an ordered end

logger = logging.getLogger(__name__)


class ActorCell:
    """Begins, proves and ends the lives of one actor. `send` is for any thread, all else for the loop's."""

    def __init__(
        self, owner: str, key: str | None, factory: Factory, inbox: int, loop: asyncio.AbstractEventLoop
    ) -> None:
        self.owner = owner
        self.key = key
        self.name = owner if key is None else f"{owner}/{key}"
        self.mailbox = Mailbox(self.name, inbox)
        self.restarts = 0
        self._factory = factory
        self._loop = loop
        self._wakeup = wakeup_of(loop)
        self._vacate()

    def _vacate(self) -> None:
        self.actor: Actor | None = None
        self.ended: asyncio.Future[BaseException | None] = self._loop.create_future()
        self._tasks = Tasks(self.name, self._loop)

    @property
    def alive(self) -> bool:
        """Whether a life serves this address."""
        return self.actor is not None and not self.actor.actor_stopped.is_set()

    def send(self, message: Message[Any], reply: Reply[Any]) -> None:
        """Put a message into the mailbox. Raises `Overloaded`, or `NotReady` while nobody empties it."""
        try:
            self.mailbox.put(Envelope(message, reply))
        except Overloaded:
            if self.alive:
                raise
            raise NotReady(f"{self.name} restarts and has no room for more requests") from None

    async def launch(self, context: Callable[[Tasks, End], Context], seconds: float) -> BaseException | None:
        """Begin a life and have it answer a ping; the cause if it ended before or did not answer in time."""
        self._vacate()
        try:
            self.actor = self._factory(context(self._tasks, partial(self._end, self.ended)))
        except Exception as error:  # noqa: BLE001 - returned, for the caller to judge
            self.ended.set_result(error)
            return error
        pykka.ActorRegistry.register(self.actor.actor_ref)
        self.actor._start_actor_loop()
        return await self._prove(seconds)

    async def ping(self) -> None:
        """Wait until all that is in the mailbox now has been handled."""
        reply: Reply[None] = Reply()
        self.mailbox.put(Envelope(Ping(), reply))
        await reply

    async def clear(self, seconds: float) -> None:
        """Cancel what the last life has left under way: the next one must be the only one that writes."""
        await self._tasks.close(seconds)

    async def finish(self, seconds: float) -> bool:
        """End in order: what waits, what is under way, the actor. False if its handler is stuck."""
        if self.alive:
            await self._drain(seconds)
        self.mailbox.close(self._shutting_down)
        if self.actor is not None:
            await asyncio.wait({self.ended}, timeout=seconds)
        if self.actor is None or self.ended.done():
            return True
        self._leave(self.actor)
        return False

    async def _prove(self, seconds: float) -> BaseException | None:
        proof = await self._while_alive(self.ping(), seconds)
        if self.ended.done():
            return self.ended.result()
        if proof.done():
            return proof.exception()
        return NotReady(f"{self.name} did not answer a ping within {seconds:g} s of its start")

    async def _drain(self, seconds: float) -> None:
        drained = await self._while_alive(self._settle(), seconds)
        error = drained.exception() if drained.done() else None
        if error is not None or not drained.done():
            logger.warning("%s: what is still under way is cut off", self.name, exc_info=error)
        await self.clear(seconds)

    async def _settle(self) -> None:
        await self.ping()
        await self._tasks.drain(self.ping)

    async def _while_alive(self, work: Coroutine[Any, Any, None], seconds: float) -> asyncio.Task[None]:
        """Run `work` until it is done, the actor has ended (nobody would answer) or the time is over."""
        task = self._loop.create_task(work)
        first: set[asyncio.Future[Any]] = {task, self.ended}
        try:
            await asyncio.wait(first, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
        return task

    def _leave(self, actor: Actor) -> None:
        pykka.ActorRegistry.unregister(actor.actor_ref)
        actor.actor_stopped.set()  # its thread ends when the handler returns, if it ever does
        self.mailbox.abandon(cut_off(self.name))
        actor.abandon(partial(cut_off, self.name))

    def _end(self, ended: asyncio.Future[BaseException | None], error: BaseException | None) -> None:
        self._wakeup.call(ended.set_result, error)

    def _shutting_down(self) -> ShuttingDown:
        return ShuttingDown(f"{self.name} has stopped")

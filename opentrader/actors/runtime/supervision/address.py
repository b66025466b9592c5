"""The address of one actor: a mailbox that survives crashes, and the actor life that serves it now."""

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
from opentrader.actors.runtime.limits import Limits
from opentrader.actors.runtime.lives import Lives
from opentrader.actors.runtime.message import Message, Ping
from opentrader.actors.runtime.outcome import Failed
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.runtime.tasks import Tasks
from opentrader.actors.runtime.wakeup import wakeup_of
from opentrader.errors import NotReady, OpentraderError, Overloaded, ShuttingDown

Factory: TypeAlias = Callable[[Context], Actor]
End: TypeAlias = Callable[[BaseException | None], None]  # takes the cause, None after an orderly end

logger = logging.getLogger(__name__)


class ActorCell:
    """Starts, checks and ends the lives of one actor. `send` may be called on any thread, all else on the loop's."""

    def __init__(
        self,
        owner: str,
        key: str | None,
        *,
        factory: Factory,
        limits: Limits,
        loop: asyncio.AbstractEventLoop,
        lives: Lives,
        vital: bool = False,
    ) -> None:
        """`vital`: the daemon does not go on without this actor."""
        self.vital = vital
        self.owner = owner
        self.key = key
        self.name = owner if key is None else f"{owner}/{key}"
        self.mailbox = lives.mailbox(self.name, limits.inbox)
        self.restarts = 0
        self._asked = 0  # requests that were admitted and have no reply yet
        self._factory = factory
        self._pausing: Callable[[], OpentraderError] | None = None
        self._loop, self._lives, self._limits = loop, lives, limits
        self._wakeup = wakeup_of(loop)
        self._vacate()

    def _vacate(self) -> None:
        self.actor: Actor | None = None
        self.ended: asyncio.Future[BaseException | None] = self._loop.create_future()
        self._tasks = Tasks(self.name, self._loop)

    @property
    def alive(self) -> bool:
        """Whether an actor serves this address."""
        return self.actor is not None and not self.actor.actor_stopped.is_set()

    @property
    def pausing(self) -> bool:
        """Whether it crashed too often, and every message is refused until its next life."""
        return self._pausing is not None

    def admit(self) -> None:
        """Count a request from outside until `release`. Raises `Overloaded` when too many have no reply yet."""
        if self._asked >= self._limits.unanswered:
            raise Overloaded(f"actor {self.name} has {self._asked} requests in progress", hint="retry in a second")
        self._asked += 1

    def release(self) -> None:
        """A request that was admitted has its reply, or nobody waits for it anymore."""
        self._asked -= 1

    def send(self, message: Message[Any], reply: Reply[Any]) -> None:
        """Put a message into the mailbox. Raises `Overloaded` when it is full, `NotReady` if the actor is down too."""
        mailbox, pausing = self.mailbox, self._pausing  # in this order: `pause` sets them in the other one
        if pausing is not None:
            reply.set(Failed(pausing()))
            return
        try:
            mailbox.put(Envelope(message, reply))
        except Overloaded:
            if self.alive:
                raise
            raise NotReady(
                f"actor {self.name} is restarting and its mailbox is full", hint="retry in a second"
            ) from None

    async def launch(self, context: Callable[[Tasks, End], Context], seconds: float) -> BaseException | None:
        """Start an actor and wait for its reply to a ping; returns the cause if it fails before or times out."""
        self._vacate()
        try:
            self.actor = self._factory(context(self._tasks, partial(self._end, self.ended)))
        except Exception as error:  # noqa: BLE001 - returned; the caller decides
            self.ended.set_result(error)
            return error
        pykka.ActorRegistry.register(self.actor.actor_ref)
        self._lives.begin(self.actor)
        return await self._prove(seconds)

    async def ping(self) -> None:
        """Wait until every message that is now in the mailbox has been handled."""
        reply: Reply[None] = Reply()
        self.mailbox.put(Envelope(Ping(), reply))
        await reply

    def pause(self, refusal: Callable[[], OpentraderError]) -> None:
        """Refuse what waits and what comes, until `resume`: requests must not wait for a life that may be far."""
        self._pausing = refusal
        last, self.mailbox = self.mailbox, self._lives.mailbox(self.name, self._limits.inbox)
        last.close(refusal)

    def resume(self) -> None:
        """Take messages again, for the next life."""
        self._pausing = None

    async def clear(self, seconds: float) -> None:
        """Cancel the coroutines of the last life: the next one must be the only writer."""
        await self._tasks.close(seconds)

    async def finish(self, seconds: float) -> bool:
        """End in order: waiting messages, coroutines, the actor. Returns False if a handler is stuck."""
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
        return NotReady(f"actor {self.name} did not answer within {seconds:g} s of its start")

    async def _drain(self, seconds: float) -> None:
        drained = await self._while_alive(self._settle(), seconds)
        error = drained.exception() if drained.done() else None
        if error is not None or not drained.done():
            logger.warning("actor %s: canceling its unfinished work", self.name, exc_info=error)
        await self.clear(seconds)

    async def _settle(self) -> None:
        await self.ping()
        await self._tasks.drain(self.ping)

    async def _while_alive(self, work: Coroutine[Any, Any, None], seconds: float) -> asyncio.Task[None]:
        """Run `work` until it is done, the actor has ended (nothing would answer) or the time is up."""
        task = self._loop.create_task(work)
        first: set[asyncio.Future[Any]] = {task, self.ended}
        try:
            await asyncio.wait(first, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            task.cancel()
        return task

    def _leave(self, actor: Actor) -> None:
        pykka.ActorRegistry.unregister(actor.actor_ref)
        actor.actor_stopped.set()  # its thread ends when the handler returns, if ever
        self.mailbox.abandon(cut_off(self.name))
        actor.abandon(partial(cut_off, self.name))

    def _end(self, ended: asyncio.Future[BaseException | None], error: BaseException | None) -> None:
        self._wakeup.call(ended.set_result, error)

    def _shutting_down(self) -> ShuttingDown:
        return ShuttingDown(f"actor {self.name} has stopped")

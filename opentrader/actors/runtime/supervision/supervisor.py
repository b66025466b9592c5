"""Starts, finds, restarts and stops the actors. Nothing else holds a reference to one."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeVar

from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.limits import Limits
from opentrader.actors.runtime.lives import Lives, Threads
from opentrader.actors.runtime.mailbox import Mailbox
from opentrader.actors.runtime.message import Message, Tick
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.runtime.supervision.address import ActorCell, End, Factory
from opentrader.actors.runtime.supervision.restarts import Restarter
from opentrader.actors.runtime.supervision.ticker import Ticker
from opentrader.actors.runtime.supervision.watchdog import Watchdog
from opentrader.actors.runtime.tasks import Tasks
from opentrader.actors.runtime.timeouts import Timeouts
from opentrader.actors.runtime.wakeup import wakeup_of
from opentrader.domain.ports import Clock, Ids
from opentrader.errors import AskTimeout, InternalError, NotReady, OpentraderError, ShuttingDown

R = TypeVar("R")

logger = logging.getLogger(__name__)

DEFAULTS = Limits()


async def at_once() -> None:
    """Return immediately: the barrier of a system without a store."""


@dataclass(frozen=True, slots=True)
class ActorStatus:
    """The state of one actor: `alive` is False while it restarts or is stuck, `inbox` counts waiting messages.

    `pausing`: it crashed too often, and starts again after a pause; the daemon goes on without it.
    """

    name: str
    alive: bool
    inbox: int
    restarts: int
    pausing: bool = False


class Supervisor:
    """The only access to the actors.

    `start`, `ask` and `stop` are coroutines of the loop passed in; `tell`, `snapshot`, `snapshots`, `status` and
    `pausing` may be called on any thread. `on_fatal(reason)` and `on_stuck(name)` are called on the loop. `barrier`
    returns when every write that was passed to the store before has been committed or has failed. `lives` runs the
    actors, by default each on a thread of its own.
    """

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        clock: Clock,
        ids: Ids,
        on_fatal: Callable[[str], object],
        on_stuck: Callable[[str], object] | None = None,
        barrier: Callable[[], Awaitable[object]] = at_once,
        limits: Limits = DEFAULTS,
        lives: Lives | None = None,
    ) -> None:
        self._loop, self._lives = loop, lives or Threads()
        self._clock = clock
        self._ids = ids
        self._limits = limits
        self._wakeup = wakeup_of(loop)
        self._timeouts = Timeouts(loop)
        self._ticker = Ticker(loop, clock)
        self._restarter = Restarter(
            loop=loop,
            clock=clock,
            limits=limits,
            context=self._context,
            barrier=barrier,
            on_fatal=on_fatal,
            on_stuck=self._report_stuck,
        )
        self._watchdog = Watchdog(loop, limits.stuck_seconds, self._mailboxes, self._report_stuck)
        self._on_stuck = on_stuck
        self._order: list[str] = []
        self._families: dict[str, Factory] = {}
        self._cells: dict[tuple[str, str | None], ActorCell] = {}
        self._snapshots: dict[str, dict[str | None, Any]] = {}
        self._published = 0
        self._listeners: list[asyncio.Queue[str]] = []
        self._stopping: asyncio.Task[None] | None = None

    def add(self, name: str, factory: Factory, *, vital: bool = False) -> None:
        """Add an actor that exists once. Add in dependency order: an actor may ask those added before it.

        When a `vital` one crashes too often, that is fatal; any other starts again after a pause.
        """
        self._announce(name)
        self._cells[name, None] = self._cell(name, None, factory, vital=vital)

    def add_family(self, owner: str, factory: Factory) -> None:
        """Add an actor that exists once per key; each is started at the first message for its key."""
        self._announce(owner)
        self._families[owner] = factory

    async def start(self) -> None:
        """Start all actors, each after the previous one has answered a ping.

        When one fails, the running ones are stopped, and its `OpentraderError` is raised, or an `InternalError`
        from any other exception.
        """
        for cell in list(self._cells.values()):
            error = await self._restarter.launch(cell)
            if error is not None:
                await self.stop()
                raise _start_error(cell.name, error)
        self._watchdog.start()

    async def stop(self) -> None:
        """Stop all actors in reverse order. May be called again.

        Waiting callers get `ShuttingDown` if nothing was done, `AskTimeout` if their request was in progress.
        """
        if self._stopping is None:
            self._stopping = self._loop.create_task(self._stop_all())
        await asyncio.shield(self._stopping)

    async def ask(self, message: Message[R], *, timeout: float) -> R:
        """Send a message, and return its reply or raise the error of its handler.

        Raises `AskTimeout` after `timeout` seconds (the work is not canceled), `Overloaded` when the mailbox is
        full or too many requests have no reply yet, `NotReady` when it is full and the actor is down, `ShuttingDown`
        once the system stops.
        """
        self._require_open()
        cell = self._find(message)
        cell.admit()
        try:
            return await self._answer(cell, message, timeout)
        finally:
            cell.release()

    def tell(self, message: Message[Any]) -> None:
        """Send a one-way message; an error of its handler is logged. Raises as `ask` does, except `AskTimeout`."""
        self._require_open()
        self._tell(message)

    def snapshot(self, name: str) -> Any:
        """The latest snapshot of an actor. Raises `NotReady` if there is none yet."""
        try:
            return self._snapshots[name][None]
        except KeyError:
            raise NotReady(f"actor {name} has not started yet", hint="retry in a second") from None

    def listen(self, queue: asyncio.Queue[str]) -> None:
        """From now on put the name of each owner that publishes into the queue. Call it on the loop."""
        self._listeners = [*self._listeners, queue]

    def unlisten(self, queue: asyncio.Queue[str]) -> None:
        self._listeners = [other for other in self._listeners if other is not queue]

    @property
    def published(self) -> int:
        """How many snapshots were published: while this number is the same, so is every snapshot."""
        return self._published

    def snapshots(self, owner: str) -> Mapping[str | None, Any]:
        """The latest snapshots of a family, by key."""
        return dict(self._snapshots[owner])

    def status(self) -> list[ActorStatus]:
        """One row per actor, in start order."""
        stuck = self._watchdog.stuck
        return [
            ActorStatus(
                name=cell.name,
                alive=cell.alive and cell.name not in stuck,
                inbox=len(cell.mailbox),
                restarts=cell.restarts,
                pausing=cell.pausing,
            )
            for cell in list(self._cells.values())
        ]

    def pausing(self) -> tuple[str, ...]:
        """The names of the actors that crashed too often, and start again after a pause."""
        return tuple([cell.name for cell in list(self._cells.values()) if cell.pausing])

    # Addresses

    def _announce(self, owner: str) -> None:
        if owner in self._snapshots:
            raise ValueError(f"an actor named {owner} already exists")
        self._snapshots[owner] = {}
        self._order.append(owner)

    def _find(self, message: Message[Any]) -> ActorCell:
        owner, key = message.owner, message.key
        cell = self._cells.get((owner, key))
        if cell is not None:
            return cell
        factory = self._families.get(owner)
        if factory is None or key is None:
            raise InternalError(f"no actor {owner!r} with key {key!r} to handle {type(message).__name__}")
        return self._open(owner, key, factory)

    def _open(self, owner: str, key: str, factory: Factory) -> ActorCell:
        """Its mailbox takes messages immediately, from any thread; the actor starts on the loop."""
        self._require_open()
        new = self._cell(owner, key, factory)
        cell = self._cells.setdefault((owner, key), new)  # atomic: of two threads one opens it
        if cell is new:
            self._wakeup.call(lambda: self._restarter.background(self._begin(cell)))
        return cell

    def _cell(self, owner: str, key: str | None, factory: Factory, *, vital: bool = False) -> ActorCell:
        return ActorCell(
            owner, key, factory=factory, limits=self._limits, loop=self._loop, lives=self._lives, vital=vital
        )

    def _mailboxes(self) -> list[Mailbox]:
        return [cell.mailbox for cell in list(self._cells.values())]

    # Messages

    def _require_open(self) -> None:
        if self._stopping is not None:
            raise ShuttingDown("the daemon is stopping")

    async def _ask(self, message: Message[R], *, timeout: float) -> R:
        return await self._answer(self._find(message), message, timeout)

    async def _answer(self, cell: ActorCell, message: Message[R], timeout: float) -> R:
        reply: Reply[R] = Reply()
        cell.send(message, reply)
        try:
            await self._timeouts.limit(reply.awaited(self._wakeup), timeout)
        except TimeoutError:
            raise AskTimeout(
                f"actor {cell.name} did not answer {type(message).__name__} within {timeout:g} s",
                hint="the work was not canceled and may still complete",
            ) from None
        return reply.result()

    def _tell(self, message: Message[Any]) -> None:
        _tell(self._find(message), message)

    # Lives

    def _publish(self, cell: ActorCell, snapshot: object) -> None:
        """Any thread. The count is raised after the snapshot is set, so that a new count implies the new snapshot."""
        self._snapshots[cell.owner][cell.key] = snapshot
        self._published += 1
        if self._listeners:
            self._loop.call_soon_threadsafe(self._tell_of, cell.owner)

    def _tell_of(self, owner: str) -> None:
        """A listener with a full queue misses this change; at the next one it reads the latest snapshots anyway."""
        for queue in self._listeners:
            with suppress(asyncio.QueueFull):
                queue.put_nowait(owner)

    def _context(self, cell: ActorCell, tasks: Tasks, end: End) -> Context:
        return Context(
            name=cell.name,
            key=cell.key,
            clock=self._clock,
            ids=self._ids,
            loop=self._loop,
            ask=self._ask,
            tell=self._tell,
            publish=partial(self._publish, cell),
            mailbox=cell.mailbox,
            deferred=self._limits.deferred,
            spawn=lambda coro, deliver: self._wakeup.call(tasks.spawn, coro, deliver),
            tick_every=lambda seconds: self._wakeup.call(self._tick, cell, seconds),
            ended=end,
        )

    def _tick(self, cell: ActorCell, seconds: float) -> None:
        self._ticker.every(seconds, cell.name, partial(_tick, cell))

    async def _begin(self, cell: ActorCell) -> None:
        """Start a member of a family. An `OpentraderError` of its start is the reply to those who asked."""
        error = await self._restarter.launch(cell)
        if isinstance(error, OpentraderError) and cell.ended.done():
            refusal = error
            del self._cells[cell.owner, cell.key]
            cell.mailbox.close(lambda: refusal)
        elif error is not None:
            self._restarter.recover(cell, error)

    def _report_stuck(self, name: str) -> None:
        logger.error("actor %s is stuck in a handler", name)
        if self._on_stuck is not None:
            self._on_stuck(name)

    async def _stop_all(self) -> None:
        self._ticker.stop()
        self._watchdog.stop()
        await self._restarter.stop()
        for owner in reversed(self._order):
            members = [cell for cell in list(self._cells.values()) if cell.owner == owner]
            await asyncio.gather(*map(self._finish, members))

    async def _finish(self, cell: ActorCell) -> None:
        if not await cell.finish(self._limits.stop_seconds):
            self._report_stuck(cell.name)


def _start_error(name: str, error: BaseException) -> OpentraderError:
    if isinstance(error, OpentraderError):
        return error
    failure = InternalError(f"actor {name} did not start")
    failure.__cause__ = error
    return failure


def _tell(cell: ActorCell, message: Message[Any]) -> None:
    reply: Reply[Any] = Reply()
    reply.on_done(partial(_log_error, cell.name, type(message).__name__))
    cell.send(message, reply)


def _tick(cell: ActorCell, tick: Tick) -> None:
    """A pausing actor misses its ticks: they are no requests, and would be refused in the log one by one."""
    if not cell.pausing:
        _tell(cell, tick)


def _log_error(name: str, message: str, reply: Reply[Any]) -> None:
    """What comes while the daemon stops, such as an event of the exchange, has failed at nothing."""
    if (error := reply.error()) is not None and not isinstance(error, ShuttingDown):
        logger.warning("%s: handler for one-way message %s failed: %s", name, message, error)

"""The base class of all actors: a pykka actor whose faults stay its own and whose handlers never block."""

from __future__ import annotations

import logging
from collections.abc import Callable, Coroutine, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, TypeVar, overload

import pykka
from pykka._envelope import Envelope
from pykka.messages import _ActorStop as Stop

from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import Handler, handlers_of, handles
from opentrader.actors.runtime.message import Message, Ping, Tick
from opentrader.actors.runtime.outcome import Failed, Outcome
from opentrader.actors.runtime.part import Links, Part
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.runtime.serializer import Serializer
from opentrader.errors import AskTimeout, InternalError, NotReady, OpentraderError, ShuttingDown

T = TypeVar("T")
R = TypeVar("R")

NO_FACTS: Mapping[str, object] = MappingProxyType({})
MAY_BE_DONE = "it may have been done, completely or in part; check before you send it again"

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Continuation:
    """The outcome of a piped coroutine, on its way back to the actor life that piped it."""

    life: Actor
    outcome: Outcome[Any]
    then: Callable[[Outcome[Any]], Message[Any]] | None
    promise: Reply[Any]
    key: Hashable | None


class Actor(pykka.ThreadingActor):
    """The state of one concern and the handlers that change it: decide -> persist -> assign.

    `__init__` runs on the system's loop and only stores its arguments. `on_start` loads the state from the store;
    like every handler, it runs on the actor's own thread. A handler never blocks: slow work is a coroutine passed
    to `pipe`.

    An `OpentraderError` raised by a handler is a reply. Any other exception ends this life of the actor: the
    caller gets an `InternalError`, and the supervisor starts the next life from the store, as after a crash of the
    process. For the same reason the coroutines of a life are canceled with it.
    """

    use_daemon_thread = True  # a stuck handler must not keep the process from ending
    tick_seconds: float | None = None  # interval of its Ticks; read after on_start
    handlers: ClassVar[Mapping[type[Message[Any]], Handler[Any, Any, Any]]] = {}

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        cls.handlers = handlers_of(cls)

    def __init__(self, context: Context) -> None:
        super().__init__()
        self.context = context
        self.actor_inbox = context.mailbox
        self._actor_ref = pykka.ActorRef(self)  # replaces the reference that pykka made before the inbox was set
        self._exclusive = Serializer(context.name, context.deferred)
        # For coroutines and continuations in progress; with the facts that an error must tell if this life ends first.
        self._promised: dict[Reply[Any], Mapping[str, object]] = {}
        self._death: BaseException | None = None
        self._owners: dict[type[Message[Any]], Actor | Part] = dict.fromkeys(self.handlers, self)

    @property
    def links(self) -> Links:
        """For the parts of this actor."""
        context = self.context
        return Links(clock=context.clock, ids=context.ids, ask=context.ask, tell=context.tell, pipe=self.pipe)

    def join(self, *parts: Part) -> None:
        """Let parts handle messages of this actor. Raises `TypeError` if one is handled already."""
        for part in parts:
            for message in part.handlers:
                if message in self._owners:
                    both = f"{type(self._owners[message]).__name__} and {type(part).__name__}"
                    raise TypeError(f"{both} both handle {message.__name__}")
                self._owners[message] = part

    def exclusive_of(self, message: Message[Any]) -> Hashable | None:
        """The key that a request must not share with a coroutine in progress; None means it need not wait.

        Not called for a ping, which tests the thread and which an orderly stop waits for.
        """
        return None

    @handles(Ping)
    def ping(self, message: Ping) -> None:
        """Reply, which proves that this actor handles messages."""

    def publish(self, snapshot: object) -> None:
        """Make an immutable value visible to all threads; it replaces the previous one."""
        self.context.publish(snapshot)

    @overload
    def pipe(
        self,
        coro: Coroutine[Any, Any, T],
        *,
        then: Callable[[Outcome[T]], Message[R]],
        exclusive: Hashable | None = None,
        facts: Mapping[str, object] = NO_FACTS,
    ) -> Reply[R]: ...

    @overload
    def pipe(
        self, coro: Coroutine[Any, Any, T], *, exclusive: Hashable | None = None, facts: Mapping[str, object] = ...
    ) -> Reply[T]: ...

    def pipe(
        self,
        coro: Coroutine[Any, Any, Any],
        *,
        then: Callable[[Outcome[Any]], Message[Any]] | None = None,
        exclusive: Hashable | None = None,
        facts: Mapping[str, object] = NO_FACTS,
    ) -> Reply[Any]:
        """Run a coroutine on the system's loop; its outcome comes back as the message `then(outcome)`.

        Call it from a handler. A handler that returns the promise lets the handler of that message answer its
        caller; without `then`, the outcome is the answer. The key `exclusive` is held from here until that handler has
        returned; meanwhile requests with the same `exclusive_of` wait in order of arrival, so that they see the state
        that the continuation leaves. `facts` are told with the error if this life ends before, such as the id of what
        is being committed.
        """
        promise: Reply[Any] = Reply()
        self._promised[promise] = facts
        if exclusive is not None:
            self._exclusive.hold(exclusive)
        self.context.spawn(coro, partial(self._deliver, then, promise, exclusive))
        return promise

    def abandon(self, reason: Callable[[], OpentraderError]) -> None:
        """Fail the requests in progress. The supervisor calls this for a stuck actor."""
        for promise, facts in list(self._promised.items()):
            error = reason()
            error.facts = {**error.facts, **facts}
            promise.set(Failed(error))

    @staticmethod
    def _create_future() -> Reply[Any]:
        return Reply()

    def _deliver(
        self,
        then: Callable[[Outcome[Any]], Message[Any]] | None,
        promise: Reply[Any],
        key: Hashable | None,
        outcome: Outcome[Any],
    ) -> None:
        self.context.mailbox.put(
            Envelope(Continuation(life=self, outcome=outcome, then=then, promise=promise, key=key))
        )

    def _handle_receive(self, message: Any) -> Any:
        """Return a value, a promise or a `Failed`: pykka never sees an exception.

        Left to pykka, an `OpentraderError` from a one-way message would stop the actor, a fault in a request would
        be hidden from the supervisor, and a SystemExit in one handler would end all actors.
        """
        return self._guard(self._receive, message)

    def _guard(self, handle: Callable[[Any], object], message: Any) -> object:
        try:
            return handle(message)
        except OpentraderError as error:
            return Failed(error)
        except BaseException as error:  # noqa: BLE001 - a SystemExit in one handler is a failure of that handler
            return Failed(self._die(error, f"handling {type(message).__name__}"))

    def _receive(self, message: Any) -> object:
        if isinstance(message, Continuation):
            self._resume(message)
            return None
        if isinstance(message, Stop):
            return super()._handle_receive(message)
        key = None if isinstance(message, (Ping, Tick)) else self.exclusive_of(message)  # these wait for nothing
        if key is not None and self._exclusive.held(key):
            return self._exclusive.defer(key, message)
        return self._handle(message)

    def _handle(self, message: Message[Any]) -> object:
        owner = self._owners.get(type(message))
        if owner is None:
            raise InternalError(f"actor {self.context.name} has no handler for {type(message).__name__}")
        return owner.handlers[type(message)](owner, message)

    def _resume(self, continuation: Continuation) -> None:
        if continuation.life is not self:
            return  # from a previous life, whose callers have been answered
        answer = self._guard(self._continue, continuation)
        if isinstance(answer, Failed) and not continuation.promise.followed:
            logger.warning("%s: background coroutine failed: %s", self.context.name, answer.error)
        continuation.promise.set(answer)
        self._promised.pop(continuation.promise, None)  # not earlier: its handler may get stuck
        if continuation.key is not None:
            self._exclusive.release(continuation.key)
            self._take_turns(continuation.key)

    def _continue(self, continuation: Continuation) -> object:
        if continuation.then is None:
            return continuation.outcome.unwrap()
        return self._handle(continuation.then(continuation.outcome))

    def _take_turns(self, key: Hashable) -> None:
        turns = self._exclusive.turns(key)
        while not self.actor_stopped.is_set() and (turn := next(turns, None)):
            message, promise = turn
            promise.set(self._guard(self._handle, message))

    def _die(self, error: BaseException, doing: str) -> InternalError:
        logger.error("actor %s failed while %s", self.context.name, doing, exc_info=error)
        self._end(error)
        failure = InternalError(f"actor {self.context.name} failed while {doing}")
        failure.__cause__ = error
        return failure

    def _end(self, cause: BaseException) -> None:
        pykka.ActorRegistry.unregister(self.actor_ref)
        self._death = cause
        self.actor_stopped.set()

    def _actor_loop(self) -> None:
        try:
            super()._actor_loop()
        finally:
            self.context.ended(self._death)

    def _actor_loop_setup(self) -> None:
        try:
            self.on_start()
        except OpentraderError as error:
            logger.warning("actor %s did not start: %s", self.context.name, error)
            self._end(error)
            return
        except BaseException as error:  # noqa: BLE001 - it must not end the thread without a report
            self._die(error, "starting")
            return
        if self.tick_seconds is not None:
            self.context.tick_every(self.tick_seconds)

    def _actor_loop_teardown(self) -> None:
        """Answer every caller. After a crash the mailbox stays open for the next life."""
        if self._death is None:
            self.context.mailbox.close(self._shutting_down)
            self._answer(partial(cut_off, self.context.name), self._shutting_down)
        else:
            self._answer(self._interrupted, self._restarting)

    def _answer(self, begun: Callable[[], OpentraderError], deferred: Callable[[], OpentraderError]) -> None:
        self.abandon(begun)
        for promise in self._exclusive.waiting():
            promise.set(Failed(deferred()))

    def _shutting_down(self) -> ShuttingDown:
        return ShuttingDown(f"actor {self.context.name} has stopped")

    def _interrupted(self) -> InternalError:
        return InternalError(
            f"actor {self.context.name} failed while the request was in progress",
            hint=MAY_BE_DONE,
        )

    def _restarting(self) -> NotReady:
        return NotReady(f"actor {self.context.name} is restarting", hint="nothing was done; retry in a second")


def cut_off(name: str) -> AskTimeout:
    """The reply to a request that was in progress at a stop: its writes may still reach the store."""
    return AskTimeout(f"actor {name} was stopped while the request was in progress", hint=MAY_BE_DONE)

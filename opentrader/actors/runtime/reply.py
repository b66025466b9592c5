"""The reply to a message: set once on the actor's thread, awaited on any event loop."""

from __future__ import annotations

import asyncio
import logging
import queue
import sys
from collections import deque
from collections.abc import Callable, Generator
from typing import Any, TypeAlias, TypeVar

import pykka

from opentrader.actors.runtime.outcome import Failed
from opentrader.actors.runtime.wakeup import Wakeup, wakeup_of

T = TypeVar("T")
Answer: TypeAlias = tuple[Any, BaseException | None]
ExcInfo: TypeAlias = Any  # the result of sys.exc_info(); pykka's name for it is private

logger = logging.getLogger(__name__)


class Reply(pykka.Future[T]):
    """A future that can be awaited without blocking the loop, and that another reply can follow.

    It is also the promise that a handler returns when the result is not known yet: a reply that is set to another
    reply gets the result of that one.

    It has no lock. `_answer` is put into the instance dict once, atomically. The setter publishes the answer and
    then looks for callbacks; a waiter publishes its callback and then looks for the answer. So each callback runs
    exactly once. Creating, setting and reading it takes a third of the time of pykka's `ThreadingFuture`, which
    creates a lock and a condition each time.
    """

    _answer: Answer | None = None

    def __init__(self) -> None:
        super().__init__()
        self._callbacks: deque[Callable[[Reply[T]], object] | Reply[T]] = deque()  # a reply: it gets the same answer

    def on_done(self, callback: Callable[[Reply[T]], object]) -> None:
        """Call `callback(self)` once: on the thread that sets the reply, or immediately if it is set already."""
        self._callbacks.append(callback)
        if self._answer is not None:
            self._notify()

    def set(self, value: Any = None) -> None:
        """Answer with a value, with the error of a `Failed`, or with the result of another reply.

        Never raises: pykka calls this outside any `try`, so an exception would end the actor's thread while
        `is_alive()` stays true. Only the first answer counts; later ones are dropped.
        """
        if isinstance(value, Reply):
            self._follow(value)
        elif isinstance(value, Failed):
            self._settle((None, value.error))
        else:
            self._settle((value, None))

    def set_exception(self, exc_info: ExcInfo = None) -> None:
        """Answer with an exception, by default the one being handled. Never raises."""
        self._settle((None, (exc_info or sys.exc_info())[1]))

    def get(self, *, timeout: float | None = None) -> T:
        """Return the value or raise the error. Blocks the calling thread; actors and coroutines await instead."""
        if self._get_hook is not None:
            return super().get(timeout=timeout)
        if self._answer is None:
            done: queue.SimpleQueue[Reply[T]] = queue.SimpleQueue()
            self.on_done(done.put)
            try:
                done.get(timeout=timeout)
            except queue.Empty:
                raise pykka.Timeout(f"{timeout} seconds") from None
        return self.result()

    def awaited(self, wakeup: Wakeup) -> asyncio.Future[None]:
        """A future of the loop of `wakeup`, done when the reply is. Call it on that loop's thread."""
        awake = wakeup.loop.create_future()
        self.on_done(lambda _: wakeup.call(_wake, awake))
        return awake

    def result(self) -> T:
        """Return the value of a reply that is done, or raise its error."""
        assert self._answer is not None, "not answered yet"
        value, error = self._answer
        if error is not None:
            raise error
        return value  # type: ignore[no-any-return]  # the slot holds any reply

    @property
    def followed(self) -> bool:
        """Whether a callback waits for the answer."""
        return bool(self._callbacks)

    def error(self) -> BaseException | None:
        """The exception it was answered with; None after a value, and before the answer."""
        return None if self._answer is None else self._answer[1]

    def __await__(self) -> Generator[Any, None, T]:
        """Suspend the awaiting task, not its loop. Cancelling the task does not cancel the work."""
        if self._get_hook is not None:
            raise TypeError("a reply made by map, filter, reduce or join never completes; await its source")
        yield from self.awaited(wakeup_of(asyncio.get_running_loop()))
        return self.result()

    def _settle(self, answer: Answer) -> None:
        if self._accept(answer):
            self._notify()

    def _accept(self, answer: Answer) -> bool:
        accepted = self.__dict__.setdefault("_answer", answer) is answer
        if not accepted:
            logger.debug("second answer to a request dropped")
        return accepted

    def _follow(self, other: Reply[Any]) -> None:
        other._callbacks.append(self)
        if other._answer is not None:
            other._notify()

    def _notify(self) -> None:
        """Call who waits, and who waits for a reply that gets the same answer.

        In a loop: replies that follow one another may be a chain of thousands, deeper than calls may be nested.
        """
        answered: list[Reply[Any]] = [self]
        while answered:
            reply = answered[-1]
            if not reply._callbacks:
                answered.pop()
                continue
            try:
                waiting = reply._callbacks.popleft()
            except IndexError:  # the other thread took it
                answered.pop()
                continue
            if not isinstance(waiting, Reply):
                reply._call(waiting)
            elif reply._answer is not None and waiting._accept(reply._answer):
                answered.append(waiting)

    def _call(self, callback: Callable[[Reply[T]], object]) -> None:
        try:
            callback(self)
        except Exception:
            logger.exception("callback of a reply failed")


def _wake(awake: asyncio.Future[None]) -> None:
    if not awake.done():  # the task may be gone: canceled, or timed out
        awake.set_result(None)

"""An event loop without a clock: when nothing is ready, time jumps to the next timer.

Everything runs on one thread and in an order that depends on nothing but the seed. What a life of the daemon starts is
marked with that life; when it is killed, its callbacks are dropped where they wait, as those of a process are.
"""

from __future__ import annotations

import asyncio
import heapq
from collections.abc import Callable, Coroutine
from contextvars import Context, ContextVar, copy_context
from typing import Any

MOST_AT_ONCE = 200_000  # callbacks without time passing: something runs in a circle


class Life:
    """One run of the daemon's process.

    What it leaves undone stays referenced for ever, or the collector would run the `finally` of a coroutine, and
    complain of those that never began.
    """

    def __init__(self, number: int) -> None:
        self.number, self.alive = number, True
        self.tasks: dict[int, asyncio.Task[Any]] = {}
        self.dropped: list[object] = []


LIFE: ContextVar[Life | None] = ContextVar("life", default=None)
_graveyard: list[Life] = []


class Stuck(Exception):
    """Nothing is left to do, or it is done again and again while time stands still."""


def outside() -> Context:
    """A context that belongs to no life: the venue, the disk and the people go on when the daemon dies."""
    context = copy_context()
    context.run(LIFE.set, None)
    return context


class VirtualLoop(asyncio.BaseEventLoop):
    def __init__(self) -> None:
        super().__init__()
        self._now = 0.0
        self._at_once = 0
        self.callbacks = 0  # run so far
        self._after: tuple[int, Callable[[], object]] | None = None
        self.set_task_factory(_task)  # type: ignore[arg-type]  # takes what `create_task` hands on

    def after(self, callbacks: int, act: Callable[[], object]) -> None:
        """Act once so many more callbacks have run: between any two steps of a coroutine, not only between timers."""
        self._after = (self.callbacks + callbacks, act)

    def time(self) -> float:
        return self._now

    def call_soon_threadsafe(  # type: ignore[override]  # the base class has the arguments of a newer Python
        self, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.Handle:
        return self.call_soon(callback, *args, context=context)

    def run_in_executor(  # type: ignore[override]  # the base class is generic in what the function returns
        self, executor: Any, func: Callable[..., Any], *args: Any
    ) -> asyncio.Future[Any]:
        """Run it on the spot."""
        done = self.create_future()
        try:
            done.set_result(func(*args))
        except BaseException as error:  # noqa: BLE001 - it is the future's
            done.set_exception(error)
        return done

    def _process_events(self, event_list: Any) -> None:
        """Nothing comes from outside."""

    def _write_to_self(self) -> None:
        """Nobody waits in a selector."""

    def _run_once(self) -> None:
        ready = self._ready  # type: ignore[attr-defined]  # of BaseEventLoop
        self._at_once = 0 if self._pass_time() else self._at_once + 1
        if self._at_once > MOST_AT_ONCE:
            raise Stuck(f"{MOST_AT_ONCE} rounds without time passing")
        for _ in range(len(ready)):
            handle = ready.popleft()
            if not handle._cancelled:
                self._run(handle)

    def _pass_time(self) -> bool:
        """Move what is due to what is ready; time passes only if nothing is ready. Returns whether it has passed."""
        scheduled, ready, before = self._scheduled, self._ready, self._now  # type: ignore[attr-defined]  # of BaseEventLoop
        while scheduled and scheduled[0]._cancelled:
            heapq.heappop(scheduled)._scheduled = False
        if not ready:
            if not scheduled:
                raise Stuck("nothing is left to do")
            self._now = max(self._now, scheduled[0]._when)
        while scheduled and scheduled[0]._when <= self._now:
            timer = heapq.heappop(scheduled)
            timer._scheduled = False
            ready.append(timer)
        return self._now > before

    def _run(self, handle: asyncio.Handle) -> None:
        life = handle._context.get(LIFE)  # type: ignore[attr-defined]  # of asyncio's Handle
        if life is not None and not life.alive:
            life.dropped.append(handle)
            return
        self.callbacks += 1
        handle._run()
        if self._after is not None and self.callbacks >= self._after[0]:
            (_, act), self._after = self._after, None
            act()


def _task(loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, Any], **options: Any) -> asyncio.Task[Any]:
    task: asyncio.Task[Any] = asyncio.Task(coro, loop=loop, **options)
    life = options["context"].get(LIFE) if options.get("context") else LIFE.get()
    if life is not None:
        life.tasks[id(task)] = task
        task.add_done_callback(lambda _: life.tasks.pop(id(task), None))
    return task


def bury(life: Life) -> None:
    """Drop what a life still has to do, for good."""
    life.alive = False
    for task in life.tasks.values():
        task._log_destroy_pending = False  # type: ignore[attr-defined]  # it is pending for ever, on purpose
    _graveyard.append(life)

"""The barest way from an event loop to a thread and back: a queue there, `call_soon_threadsafe` back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from queue import SimpleQueue
from threading import Thread

Item = tuple[object, "asyncio.Future[object]"]


class Bridge:
    """One thread that answers each question with itself."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._questions: SimpleQueue[Item | None] = SimpleQueue()
        self._thread = Thread(target=self._answer, daemon=True)
        self._thread.start()

    async def ask(self, question: object) -> object:
        """The question, once it was there."""
        future: asyncio.Future[object] = self._loop.create_future()
        self._questions.put((question, future))
        return await future

    def close(self) -> None:
        self._questions.put(None)
        self._thread.join()

    def _answer(self) -> None:
        while (item := self._questions.get()) is not None:
            question, future = item
            self._loop.call_soon_threadsafe(future.set_result, question)


@contextmanager
def bridge(loop: asyncio.AbstractEventLoop) -> Iterator[Bridge]:
    """A bridge that is closed at the end."""
    made = Bridge(loop)
    try:
        yield made
    finally:
        made.close()

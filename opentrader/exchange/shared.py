"""Reads that many want: one call in flight, many takers, and an answer that serves as long as it is fresh."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Hashable
from dataclasses import dataclass
from typing import Any, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class Question:
    """One call. `number` is its place among all questions and all answers to writes."""

    number: int
    at: float  # when it was asked, in seconds
    task: asyncio.Task[Any]


class SharedReads:
    """The last question of each kind. For one event loop.

    A write that is answered makes everything old that was asked before, for those whom it concerns.
    """

    def __init__(self) -> None:
        self._count = 0
        self._last: dict[Hashable, Question] = {}
        self._written: dict[Hashable, int] = {}

    def wrote(self, *concerned: Hashable) -> None:
        """A write was answered, or its answer is given up."""
        self._count += 1
        self._written.update(dict.fromkeys(concerned, self._count))

    def has(self, key: Hashable, concern: Hashable, *, max_age: float) -> bool:
        """Whether a question that was asked already would serve."""
        last = self._last.get(key)
        if last is None or last.number < self._written.get(concern, 0):
            return False
        if not last.task.done():
            return True
        return self._is_good(last) and last.at >= asyncio.get_running_loop().time() - max_age

    async def get(
        self, key: Hashable, concern: Hashable, call: Callable[[], Coroutine[Any, Any, T]], *, max_age: float
    ) -> tuple[T, float]:
        """The answer, and when it was asked for. Raises what the call raises.

        A question that is not answered yet serves however long ago it was asked: it has its own deadline.
        """
        if not self.has(key, concern, max_age=max_age):
            loop = asyncio.get_running_loop()
            self._count += 1
            asked = self._last[key] = Question(self._count, loop.time(), loop.create_task(call()))
            asked.task.add_done_callback(_retrieved)
        last = self._last[key]
        return await asyncio.shield(last.task), last.at

    async def close(self) -> None:
        """Cancel what is in flight."""
        tasks = [question.task for question in self._last.values() if not question.task.done()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @staticmethod
    def _is_good(question: Question) -> bool:
        return not question.task.cancelled() and question.task.exception() is None


def _retrieved(task: asyncio.Task[Any]) -> None:
    """Every taker may be gone by now; its error is no news to the loop."""
    if not task.cancelled():
        task.exception()

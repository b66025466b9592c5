"""Keys under exclusive work, and the requests that wait for them."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Any

from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.reply import Reply
from opentrader.errors import Overloaded


class Serializer:
    """Which keys are held, how often, and who waits, in order of arrival. Used by one thread only."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._holds: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, deque[tuple[Message[Any], Reply[Any]]]] = {}

    def held(self, key: Hashable) -> bool:
        """Whether a request with this key has to wait."""
        return key in self._holds

    def hold(self, key: Hashable) -> None:
        """Hold the key once more. A continuation that pipes again thus keeps it without a gap."""
        self._holds[key] = self._holds.get(key, 0) + 1

    def release(self, key: Hashable) -> None:
        """Give up one hold."""
        self._holds[key] -= 1
        if not self._holds[key]:
            del self._holds[key]

    def defer(self, key: Hashable, message: Message[Any]) -> Reply[Any]:
        """Keep the request until its turn. Raises `Overloaded` when too many wait for the same key."""
        waiting = self._waiting.setdefault(key, deque())
        if len(waiting) >= self._limit:
            waits = f"{self._name} has {self._limit} requests waiting for {key}"
            raise Overloaded(waits, hint="Ask again in a moment.")
        promise: Reply[Any] = Reply()
        waiting.append((message, promise))
        return promise

    def turns(self, key: Hashable) -> Iterator[tuple[Message[Any], Reply[Any]]]:
        """The waiting requests whose turn has come, until one of them holds the key again."""
        waiting = self._waiting.get(key, deque())
        while waiting and key not in self._holds:
            yield waiting.popleft()
        if not waiting:
            self._waiting.pop(key, None)

    def waiting(self) -> Iterator[Reply[Any]]:
        """The promises of all requests that wait."""
        return (promise for queue in list(self._waiting.values()) for _, promise in list(queue))

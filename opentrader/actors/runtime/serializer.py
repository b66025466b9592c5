"""Serializes requests by key: a request waits while a coroutine with the same key is in progress."""

from __future__ import annotations

from collections import deque
from collections.abc import Hashable, Iterator
from typing import Any

from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.reply import Reply
from opentrader.errors import Overloaded


class Serializer:
    """The keys held, how often, and the requests that wait, in order of arrival. For one thread only."""

    def __init__(self, name: str, limit: int) -> None:
        self._name = name
        self._limit = limit
        self._holds: dict[Hashable, int] = {}
        self._waiting: dict[Hashable, deque[tuple[Message[Any], Reply[Any]]]] = {}

    def held(self, key: Hashable) -> bool:
        """Whether a request with this key has to wait."""
        return key in self._holds

    def hold(self, key: Hashable) -> None:
        """Hold the key once more, so that a continuation that pipes again keeps it without a gap."""
        self._holds[key] = self._holds.get(key, 0) + 1

    def release(self, key: Hashable) -> None:
        """Release one hold."""
        self._holds[key] -= 1
        if not self._holds[key]:
            del self._holds[key]

    def defer(self, key: Hashable, message: Message[Any]) -> Reply[Any]:
        """Queue the request, an urgent one before those that are not.

        Raises `Overloaded` when too many wait for the same key; own messages always may.
        """
        waiting = self._waiting.setdefault(key, deque())
        if not message.own and len(waiting) >= self._limit:
            waits = f"actor {self._name} has {self._limit} requests waiting for {key}"
            raise Overloaded(waits, hint="retry in a second")
        promise: Reply[Any] = Reply()
        ahead = sum(other.urgent for other, _ in waiting) if message.urgent else len(waiting)
        waiting.insert(ahead, (message, promise))
        return promise

    def turns(self, key: Hashable) -> Iterator[tuple[Message[Any], Reply[Any]]]:
        """The waiting requests that may run now, until one of them holds the key again."""
        waiting = self._waiting.get(key, deque())
        while waiting and key not in self._holds:
            yield waiting.popleft()
        if not waiting:
            self._waiting.pop(key, None)

    def waiting(self) -> Iterator[Reply[Any]]:
        """The promises of all waiting requests."""
        return (promise for queue in list(self._waiting.values()) for _, promise in list(queue))

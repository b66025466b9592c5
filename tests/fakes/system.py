"""A trading system that answers at once what a test told it to, behind the port that HTTP knows."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.supervision.supervisor import ActorStatus
from opentrader.domain.symbols import pair_of
from opentrader.domain.trading.ledger import KeyTaken, Remembered, Reservation
from opentrader.domain.trading.ports import DiskState
from opentrader.errors import LicenseRequired

NOW = 1_714_216_800


class Remembering:
    """The audit log and the idempotency keys, in memory."""

    def __init__(self) -> None:
        self.entries: list[Any] = []
        self.keys: dict[str, Remembered] = {}
        self.finished = asyncio.Event()

    async def append(self, entry: Any, *, vital: bool = False) -> int:
        self.entries.append(entry)
        return len(self.entries)

    async def reserve(self, reservation: Reservation, *, vital: bool = False) -> None:
        if reservation.key in self.keys:
            raise KeyTaken(self.keys[reservation.key])
        self.keys[reservation.key] = Remembered(reservation)

    async def finish(self, key: str, status: int, body: bytes, *, vital: bool = False) -> None:
        self.keys[key] = replace(self.keys[key], state="done", status=status, body=body)
        self.finished.set()

    async def begun(self, key: str) -> str:
        return self.keys[key].reservation.intent_id

    def bind(self, key: str, intent_id: str) -> None:
        """As the commit does that begins something."""
        kept = self.keys[key]
        self.keys[key] = replace(kept, reservation=replace(kept.reservation, intent_id=intent_id))

    async def release(self, key: str, intent_id: str) -> None:
        if await self.begun(key) == intent_id:
            self.bind(key, "")

    async def forget(self, key: str, *, vital: bool = False) -> None:
        if not await self.begun(key):
            del self.keys[key]


class FakeSystem:
    """Keeps every message and answers by its type; what is an exception is raised."""

    def __init__(self) -> None:
        self.asked: list[Message[Any]] = []
        self.licensed = True
        self.published = 0
        self.made: dict[str, Any] = {}  # by the id of an intent or a command
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()  # while it is not set, whoever asks waits
        self.go_on.set()
        self.listeners: list[asyncio.Queue[str]] = []
        self.listening, self.left = asyncio.Event(), asyncio.Event()
        self.rows: list[ActorStatus] = []
        self.disk_state = DiskState(free=1 << 40, reserve=16 << 20, degraded=False, slow_commits=0)
        self.idempotency: Any = Remembering()  # as much of the two stores as HTTP asks for
        self.audit_log: Any = self.idempotency
        self.answers: dict[type[Message[Any]], Any] = {
            messages.HealthOf: messages.Health("active", "free", "test"),
            messages.BoardState: messages.State({}, (), NOW),
            messages.PendingText: "No pending signals.\n",
            messages.UpdateAgent: messages.AgentUpdated("coo", "idle", "", NOW),
            messages.CleanUpSignals: messages.Cleanup((), (), 0, 0),
            messages.ScanAndSignal: messages.ScanSignal((), ()),
        }

    def admit(self, kind: type[Message[Any]]) -> None:
        if kind.licensed and not self.licensed:
            raise LicenseRequired("a license is required", hint="it is free")

    def wall(self) -> float:
        return NOW

    steady = wall

    def spelled(self, message: Any) -> Any:
        symbol = getattr(message, "symbol", None)
        return message if symbol is None else replace(message, symbol=pair_of(symbol, {}))

    async def outcome_of(self, id: str) -> Any:
        outcome = self.made.get(id)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def moment(self) -> int:
        return self.published

    def view(self, query: messages.View[Any]) -> Any:
        return self._answer(query)

    async def deliver(self, message: Message[Any]) -> Any:
        self.asked.append(message)
        self.begun.set()
        await self.go_on.wait()
        return self._told(message)

    def disk(self) -> DiskState:
        return self.disk_state

    def actors(self) -> list[ActorStatus]:
        return self.rows

    @contextmanager
    def changes(self) -> Iterator[asyncio.Queue[str]]:
        queue: asyncio.Queue[str] = asyncio.Queue()
        self.listeners.append(queue)
        self.listening.set()
        try:
            yield queue
        finally:
            self.listeners.remove(queue)
            self.left.set()

    def publish(self, owner: str, kind: type[Message[Any]], answer: Any) -> None:
        """From now on a kind of message is answered like this, and those who listen hear of it."""
        self.answers[kind] = answer
        self.published += 1
        for queue in self.listeners:
            queue.put_nowait(owner)

    def _answer(self, message: Message[Any]) -> Any:
        self.asked.append(message)
        return self._told(message)

    def _told(self, message: Message[Any]) -> Any:
        answer = self.answers[type(message)]
        if isinstance(answer, Exception):
            raise answer
        return answer

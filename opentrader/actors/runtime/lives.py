"""Where the lives of actors run: each on a thread of its own, unless the supervisor is given another place."""

from __future__ import annotations

from typing import Protocol

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.mailbox import Mailbox


class Lives(Protocol):
    """Makes the mailbox of an actor, and runs the lives that serve it."""

    def mailbox(self, name: str, limit: int) -> Mailbox: ...

    def begin(self, actor: Actor) -> None:
        """Run a life: `on_start`, then a message at a time, until the actor stops. Returns immediately."""
        ...


class Threads:
    """One thread for each life."""

    def mailbox(self, name: str, limit: int) -> Mailbox:
        return Mailbox(name, limit)

    def begin(self, actor: Actor) -> None:
        actor._start_actor_loop()

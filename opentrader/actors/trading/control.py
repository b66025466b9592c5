"""Whether entries are allowed: halt, resume, and the gate of a closeall, stored before they count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from opentrader.actors import messages
from opentrader.actors.runtime.context import Ask
from opentrader.actors.runtime.message import Message
from opentrader.domain.ports import Clock
from opentrader.domain.time_limits import CLOSE_SECONDS
from opentrader.domain.trading.ledger import Control


@dataclass(frozen=True, slots=True)
class SetControl(Message[Control]):
    """Store a change of the trading control, then apply it."""

    owner = "position_manager"
    change: Callable[[Control], Control]


async def changed_control(ask: Ask, change: Callable[[Control], Control]) -> Control:
    return await ask(SetControl(change), timeout=CLOSE_SECONDS)


async def halted_by(ask: Ask, clock: Clock, reason: str) -> None:
    """Block entries until an operator resumes."""
    now = clock.market_ms() // 1000
    await changed_control(ask, lambda control: replace(control, halted=True, reason=reason, since=now))


async def resumed(ask: Ask) -> messages.Halted:
    await changed_control(ask, lambda control: Control(closeall_since=control.closeall_since))
    return messages.Halted(halted=False, reason="", since=None, cancelled_entries=())

"""Halt and resume as changes of the control: each keeps what it is not about."""

from __future__ import annotations

from typing import Any, TypeVar, cast

import pytest

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done
from opentrader.actors.trading.control import (
    ControlDesk,
    ControlStored,
    SetControl,
    changed_control,
    halted_by,
    resumed,
)
from opentrader.domain.time_limits import CLOSE_SECONDS
from opentrader.domain.trading.ledger import Control
from tests.fakes.clock import NOW, StillClock
from tests.fakes.desk import desk
from tests.fakes.market import Market

R = TypeVar("R")


class Desk:
    """Applies each change, as the owner of the control does."""

    def __init__(self, control: Control) -> None:
        self.control = control
        self.waited: list[float] = []

    async def ask(self, message: Message[R], *, timeout: float) -> R:
        assert isinstance(message, SetControl)
        self.waited.append(timeout)
        self.control = message.change(self.control)
        return cast(Any, self.control)


async def test_a_halt_says_why_and_since_when_and_leaves_a_closeall_alone() -> None:
    desk = Desk(Control(closeall_since=7))
    await halted_by(desk.ask, StillClock(), "a second daemon")
    assert desk.control == Control(halted=True, reason="a second daemon", since=int(NOW), closeall_since=7)
    assert desk.waited == [CLOSE_SECONDS]


async def test_a_resume_ends_the_halt_and_not_the_closeall() -> None:
    desk = Desk(Control(halted=True, reason="lunch", since=5, closeall_since=7))
    told = await resumed(desk.ask)
    assert desk.control == Control(closeall_since=7)
    assert (told.halted, told.reason, told.since, told.cancelled_entries) == (False, "", None, ())


async def test_the_answer_is_the_control_as_it_was_stored() -> None:
    desk = Desk(Control(reason="before"))
    assert await changed_control(desk.ask, lambda control: control) == Control(reason="before")


@pytest.mark.parametrize(
    ("before", "after", "epochs"),
    [
        (Control(), Control(halted=True), 1),
        (Control(halted=True), Control(halted=True, reason="again"), 0),
        (Control(halted=True), Control(), 0),
        (Control(), Control(closeall_since=7), 1),
        (Control(closeall_since=7), Control(closeall_since=7, halted=True), 1),
        (Control(closeall_since=7), Control(), 0),
    ],
)
def test_what_bars_entries_begins_an_epoch(before: Control, after: Control, epochs: int) -> None:
    part = ControlDesk(desk(), cooldown_sec=0)
    part.control = before
    assert part.control_stored(ControlStored(after, Done(None))) == after
    assert (part.control, part.epoch) == (after, epochs)


async def test_a_second_halt_without_a_reason_keeps_the_first(market: Market) -> None:
    first = await market.ask(messages.Halt(reason="the venue is odd"))
    market.clock.now_ms += 5_000
    again = await market.ask(messages.Halt())
    assert (again.reason, again.since) == (first.reason, first.since) == ("the venue is odd", first.since)

"""What every message has in common, shown on all that the system knows."""

from __future__ import annotations

from dataclasses import is_dataclass

import pytest

from opentrader.actors import messages
from opentrader.actors.runtime.message import Message, Ping, Tick

NAMED = [one for one in vars(messages).values() if isinstance(one, type) and issubclass(one, Message)]
ALL = [one for one in NAMED if is_dataclass(one)]
REQUESTS = [one for one in ALL if not issubclass(one, messages.View)]


@pytest.mark.parametrize("kind", [*ALL, Ping, Tick], ids=lambda kind: kind.__name__)
def test_a_message_is_a_frozen_value_without_a_dict(kind: type[Message[object]]) -> None:
    assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]  # of every dataclass
    assert "__dict__" not in dir(kind)


@pytest.mark.parametrize("kind", REQUESTS, ids=lambda kind: kind.__name__)
def test_a_request_has_an_owner(kind: type[Message[object]]) -> None:
    assert kind.owner
    assert not kind.reduces or kind.licensed, "the gate spares only what it holds"


def test_time_and_pings_are_everybodys() -> None:
    assert (Tick(1.0).owner, Ping().key) == ("", None)

"""The mark on a method: found by message type, inherited, and never twice."""

from __future__ import annotations

import pytest

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.handlers import handles
from tests.actors.runtime.book import (
    Book,
    Hold,
    Seen,
)


def test_handlers_are_found_by_type_and_inherited() -> None:
    class Ledger(Book):
        def list_seen(self, message: Seen) -> list[str]:
            return ["ledger"]

    assert Ledger.handlers[Seen] is Ledger.list_seen
    assert Ledger.handlers[Hold] is Book.hold
    assert Seen not in Actor.handlers


def test_two_handlers_of_one_message_are_refused() -> None:
    with pytest.raises(TypeError, match="one and two are marked for Seen"):

        class Double(Actor):
            @handles(Seen)
            def one(self, message: Seen) -> None: ...

            @handles(Seen)
            def two(self, message: Seen) -> None: ...

"""Messages that close: what they leave alone unless it is asked for, and that a full disk and a license bar none."""

from __future__ import annotations

from opentrader.actors import messages
from tests.actors.messages.parsing import parsed, refused


def test_a_closeall_leaves_waiting_entries_alone_unless_it_is_told_otherwise() -> None:
    assert not parsed(messages.CloseAll).cancel_pending
    assert parsed(messages.CloseAll, cancel_pending="true").cancel_pending
    assert refused(messages.CloseAll, cancel_pending="perhaps") == {"cancel_pending"}


def test_a_close_names_a_symbol() -> None:
    assert refused(messages.ClosePosition) == {"symbol"}
    assert all(kind.reduces and kind.licensed for kind in (messages.ClosePosition, messages.CloseAll))

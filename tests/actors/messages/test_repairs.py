"""What a person decides about one trade: it is named by its id, and no license bars it while there is a position."""

from __future__ import annotations

from opentrader.actors import messages
from opentrader.actors.messages.exits import is_exit
from tests.actors.messages.parsing import parsed, refused


def test_a_drop_names_a_trade() -> None:
    assert parsed(messages.DropTrade, id="01J").id == "01J"
    assert refused(messages.DropTrade) == {"id"}
    assert refused(messages.DropTrade, id="x" * 65) == {"id"}


def test_a_drop_needs_no_license_for_a_position_and_may_use_the_last_space_of_a_disk() -> None:
    assert messages.DropTrade.reduces
    assert is_exit(messages.DropTrade("x"))


def test_a_move_names_a_level_or_both() -> None:
    assert refused(messages.MoveLevels, id="x") == {"sl_px"}
    assert refused(messages.MoveLevels, id="x", sl_px=0) == {"sl_px"}
    assert parsed(messages.MoveLevels, id="x", tp_px="12.5").tp_px == 12.5

"""What a card shows while the daemon does as an agent told it."""

from __future__ import annotations

from opentrader.actors import messages
from opentrader.actors.trading.activity import activity_of


def test_the_words_of_an_act_name_direction_and_symbol() -> None:
    told = messages.ExecuteTrade("BTC", "buy", bot="b", sl=5.0, tp=9.0, ev=30.0, confidence=9, agent="coo")
    assert activity_of(told) == ("coo", "trade buy BTC")
    assert activity_of(messages.ClosePosition("ETH", agent="finance")) == ("finance", "close ETH")


def test_what_moves_no_money_shows_on_no_card() -> None:
    assert activity_of(messages.HistoryOf()) == (None, "")

"""A trader reads words, never codes."""

from __future__ import annotations

from typing import get_args

from opentrader.domain.analysis.market import PriorityDecision
from opentrader.domain.analysis.reason_codes import DECISIONS, REASONS, explained


def test_every_decision_has_its_words() -> None:
    assert DECISIONS.keys() == set(get_args(PriorityDecision))


def test_a_code_is_explained_and_an_unknown_one_can_still_be_read() -> None:
    assert explained("no_bos") == REASONS["no_bos"]
    assert explained("a_new_reason") == "a new reason"

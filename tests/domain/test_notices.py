"""What an agent says to the operator never passes for a word of the daemon's own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.notices import LONGEST, notice, units
from tests.domain.untrusted import CLICKABLE, HOSTILE


@given(HOSTILE.filter(bool), st.sampled_from([None, "scout", "evil.com"]))
def test_every_piece_of_a_notice_fits_and_every_line_shows_that_it_is_one(text, agent):
    for piece in notice(text * 40, agent):
        assert 0 < units(piece) <= LONGEST
        first, *others = piece.split("\n")
        assert first.startswith("[agent")
        assert all(line.startswith("| ") or line in ("", "|") for line in others)
        assert not CLICKABLE.search(piece.replace("\n", " "))


def test_a_notice_of_several_lines_is_quoted():
    assert notice("one\ntwo\r\nthree", "coo") == ("[agent:coo] one\n| two\n| three",)


def test_a_cut_makes_no_command_of_the_rest_of_a_word():
    who = "[agent] "
    first, second = notice("x" * (LONGEST - len(who) - 1) + "/halt", None)
    assert (len(first), second) == (LONGEST - 1, "[agent] / halt")


def test_the_name_of_an_agent_is_no_link():
    assert notice("x", "evil.com") == ("[agent:evil[.]com] x",)

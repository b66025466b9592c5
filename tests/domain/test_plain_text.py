"""Untrusted text: what is left of it can be read, and neither clicked on nor mistaken for ours."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.plain_text import defanged, one_line, shortened
from tests.domain.untrusted import CLICKABLE, HOSTILE


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("see https://evil.com/a/b?x=1", "see https[:]//evil[.]com/a/b?x=1"),
        ("evil.com and пример.рф and evil。com", "evil[.]com and пример[.]рф and evil[.]com"),
        ("tg:resolve?domain=x TG://x", "tg[:]resolve?domain=x TG[:]//x"),
        ("ask @support_bot, mail me@evil.com", "ask @ support_bot, mail me@ evil[.]com"),
        ("/halt and and/or", "/ halt and and/or"),
        ("BTC 64.250,50 at 12:30, +1.5 %, e.g. 1/2", "BTC 64.250,50 at 12:30, +1.5 %, e.g. 1/2"),
    ],
)
def test_links_mentions_and_commands_are_defanged_and_figures_are_not(text, told):
    assert defanged(text) == told


@given(HOSTILE)
def test_nothing_that_is_defanged_can_be_clicked(text):
    assert not CLICKABLE.search(defanged(text))


@given(HOSTILE, st.integers(1, 50))
def test_one_line_is_printable_and_fits(text, longest):
    line = one_line(text, longest)
    assert len(line) <= longest
    assert all(c.isprintable() or c == "\u200d" for c in line)
    line.encode()


def test_one_line_keeps_words_apart_and_emoji_whole():
    assert one_line(" a\t b\u2028c\u202ed\x00 ", 50) == "a b cd"
    assert one_line("👩\u200d🚀", 50) == "👩\u200d🚀"


def test_what_does_not_fit_ends_in_an_ellipsis():
    assert [shortened("abcdef", n) for n in (6, 5, 1)] == ["abcdef", "abcd…", "…"]

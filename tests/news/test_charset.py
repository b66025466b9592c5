"""A feed is decoded as it says, or as it is."""

from __future__ import annotations

import pytest

from tests.news.reading import TOLD, read


@pytest.mark.parametrize(
    ("declared", "charset"),
    [
        ("", "utf-8"),
        ("", "cp1252"),
        ("", "utf-16"),
        ("", "utf-8-sig"),
        ('<?xml version="1.0" encoding="ISO-8859-1"?>', "latin-1"),
        ('<?xml version="1.0" encoding="utf-8"?>', "latin-1"),  # a lie
        ('<?xml version="1.0" encoding="punycode"?>', "utf-8"),
        ('<?xml version="1.0" encoding="no-such-thing"?>', "utf-8"),
    ],
)
async def test_a_feed_is_decoded_as_it_says_or_as_it_is(wire, declared, charset):
    wire.bodies["/news"] = (declared + TOLD.replace("told", "Größe")).encode(charset)
    assert [item.title for item in (await read(wire, "/news")).items] == ["Größe"]


async def test_no_codec_is_run_but_a_known_one(wire):
    declared = '<?xml version="1.0" encoding="unicode_escape"?>'
    wire.bodies["/news"] = (declared + TOLD.replace("told", r"\u0041")).encode()
    assert [item.title for item in (await read(wire, "/news")).items] == [r"\u0041"]

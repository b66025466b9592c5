"""Decodes a feed: by its byte order mark, else by the server's charset, else by the feed's own, else by trial.

feedparser's own decoding is not used: it runs any Python codec that a feed names, and the time of `punycode` grows with
the square of the length, to about a minute for 1 MiB. Besides, the limits on tags and entities apply to decoded text.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator

# No other codec is run.
_KNOWN = re.compile(
    r"utf-?8|utf-?16(-?[lb]e)?|(us-)?ascii|iso-8859-\d\d?|windows-125\d|koi8-[ru]|shift_jis|euc-(jp|kr)|gb(k|2312|18030)|big5",
    re.IGNORECASE,
)
_OF_SERVER = re.compile(r"charset=[\"']?([\w-]{1,20})", re.IGNORECASE)
_OF_FEED = re.compile(rb"<\?xml[^>]{0,100}encoding=[\"']([\w-]{1,20})[\"']")
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def decoded(body: bytes, content_type: str) -> str:
    """The text of a feed. Undecodable bytes become U+FFFD."""
    for charset in _candidates(body, content_type):
        try:
            return body.decode(charset)
        except UnicodeDecodeError:
            continue
    return body.decode("cp1252", "replace")


def _candidates(body: bytes, content_type: str) -> Iterator[str]:
    yield from (charset for mark, charset in _MARKS if body.startswith(mark))
    of_server, of_feed = _OF_SERVER.search(content_type), _OF_FEED.match(body)
    named = (of_server[1] if of_server else "", of_feed[1].decode() if of_feed else "")
    yield from (charset for charset in named if _KNOWN.fullmatch(charset))
    yield "utf-8"

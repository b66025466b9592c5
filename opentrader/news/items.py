"""Turns the bytes of a feed into items of plain text."""

from __future__ import annotations

import io
import re
from calendar import timegm
from html import unescape
from typing import Any

from yarl import URL

from opentrader.domain.news import NewsItem
from opentrader.domain.plain_text import one_line
from opentrader.news.charset import decoded
from opentrader.news.download import Page, Unreadable

MOST_ITEMS = 200  # as many as anybody can ask for
_MOST_TAGS = 50_000  # parsing takes time in proportion: this many are about two seconds, a normal feed has hundreds
_LONGEST_TITLE, _LONGEST_SUMMARY, _LONGEST_LINK = 300, 500, 2000
_LONGEST_MARKUP = 10_000  # characters of an item's text that are looked at
_LAST_INSTANT = 4_102_444_800  # 2100-01-01
_BLOCKS = frozenset(("br", "dd", "div", "dt", "h1", "h2", "h3", "h4", "hr", "li", "p", "pre", "td", "th", "tr"))
_UNSEEN = frozenset(("script", "style"))
# A tag, whole or cut off by the end, or a comment, or a declaration. Bounded, so that none costs much where it does not
# match: the time of the standard library's parser grows with the square of the length.
_TAG = re.compile(
    r"<(?P<end>/?)(?P<name>[a-z][a-z0-9]{0,20})[^<>]{0,2000}(?:>|\Z)|<!--.{0,2000}?-->|<[!?/][^<>]{0,200}>",
    re.IGNORECASE | re.DOTALL,
)


def items_of(page: Page, source: str) -> tuple[NewsItem, ...]:
    """The items in the order of the feed, 200 at most. For a thread that may take a second.

    A feed that is not well formed gives what can be read of it. Raises `Unreadable` for what is no feed.
    """
    import feedparser

    text = decoded(page.body, page.content_type)
    _demand_bounded(text)
    # Given the bytes themselves, feedparser would take some for an address or the name of a file, and open that.
    read = feedparser.parse(
        io.BytesIO(text.encode("utf-8", "replace")),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,  # all markup goes
        resolve_relative_uris=False,
    )
    if not read.entries and (read.bozo or not read.get("version")):
        raise Unreadable("is neither RSS nor Atom, or is damaged")
    return tuple(item for entry in read.entries[:MOST_ITEMS] if (item := _item(entry, page.url, source)))


def _demand_bounded(text: str) -> None:
    """Raise `Unreadable` for a text that would take much time, or much memory, to parse.

    feedparser resolves simple entities: a mebibyte of references to one of a kilobyte would be a gibibyte.
    """
    if text.count("<") > _MOST_TAGS:
        raise Unreadable("has too many tags to be a feed")
    if "<!entity" in text.lower():
        raise Unreadable("declares entities of its own")


def plain(markup: str) -> str:
    """What a browser would show of a piece of HTML, in one line."""
    markup = markup[:_LONGEST_MARKUP]
    shown, unseen, at = [], False, 0
    for tag in _TAG.finditer(markup):
        shown.append("" if unseen else markup[at : tag.start()])
        name = (tag["name"] or "").lower()
        unseen = not tag["end"] if name in _UNSEEN else unseen
        shown.append(" " if name in _BLOCKS else "")
        at = tag.end()
    shown.append("" if unseen else markup[at:])
    return one_line(unescape("".join(shown)), _LONGEST_MARKUP)


def _item(entry: Any, base: URL, source: str) -> NewsItem | None:
    """None for an entry that says nothing."""
    summary = plain(str(entry.get("summary") or ""))
    title = plain(str(entry.get("title") or "")) or summary
    if not title:
        return None
    return NewsItem(
        one_line(title, _LONGEST_TITLE),
        _link(str(entry.get("link") or ""), base),
        source,
        _instant(entry),
        one_line(summary, _LONGEST_SUMMARY),
    )


def _link(link: str, base: URL) -> str:
    """An http(s) address without fragment and without what only counts visitors, or nothing."""
    try:
        url = base.join(URL(link.strip())).with_fragment(None)
        url = url.without_query_params(*(name for name in url.query if name.startswith("utm_")))
        sound = bool(link) and url.scheme in ("http", "https") and bool(url.host) and not url.user
    except ValueError:
        return ""
    return str(url) if sound and len(str(url)) <= _LONGEST_LINK else ""


def _instant(entry: Any) -> int | None:
    """Unix seconds; feedparser gives its times in UTC, and a warning when it is asked for `updated` as one asks."""
    told = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    try:
        seconds = timegm(told) if told else -1
    except (OverflowError, TypeError, ValueError):
        return None
    return seconds if 0 <= seconds <= _LAST_INSTANT else None

"""Turns the bytes of a feed into items of plain text."""

from __future__ import annotations

import io
import re
from calendar import timegm
from html import unescape
from typing import Any

import nh3
from yarl import URL

from opentrader.domain.news import NewsItem
from opentrader.domain.plain_text import one_line
from opentrader.news.charset import decoded
from opentrader.news.download import Page, Unreadable

MAX_ITEMS = 200  # the largest `limit` of GET /api/news
_MAX_TAGS = 50_000  # about two seconds of parsing; a normal feed has hundreds
_TITLE_LENGTH, _SUMMARY_LENGTH, _LINK_LENGTH = 300, 500, 2000
_MARKUP_LENGTH = 10_000  # characters of an item's text that are parsed
_LAST_INSTANT = 4_102_444_800  # 2100-01-01
_BLOCKS = {"br", "dd", "div", "dt", "h1", "h2", "h3", "h4", "hr", "li", "p", "pre", "td", "th", "tr"}
_HIDDEN = {"iframe", "noembed", "noframes", "noscript", "script", "style", "template"}  # removed with what they contain
_NO_ATTRIBUTES: dict[str, set[str]] = {"*": set()}  # an empty dict keeps the generic ones, lang and title
_BLOCK_TAG = re.compile(r"</?\w+>")


def items_of(page: Page, source: str) -> tuple[NewsItem, ...]:
    """The items in the order of the feed, 200 at most. Takes up to a few seconds: call it in a thread.

    Of a malformed feed the readable items are returned. Raises `Unreadable` for a text that is not a feed.
    """
    import feedparser

    text = decoded(page.body, page.content_type)
    _check_size(text)
    # A stream, because feedparser would open bytes that look like a URL or a file name.
    read = feedparser.parse(
        io.BytesIO(text.encode("utf-8", "replace")),
        response_headers={"content-type": "application/xml; charset=utf-8"},
        sanitize_html=False,  # `plain` removes all markup
        resolve_relative_uris=False,
    )
    if not read.entries and (read.bozo or not read.get("version")):
        raise Unreadable("is not RSS or Atom, or is damaged")
    return tuple(item for entry in read.entries[:MAX_ITEMS] if (item := _item(entry, page.url, source)))


def _check_size(text: str) -> None:
    """Raise `Unreadable` for a text that would take too much time or memory to parse.

    feedparser expands entities: 1 MiB of references to an entity of 1 KiB would become 1 GiB.
    """
    if text.count("<") > _MAX_TAGS:
        raise Unreadable("has too many tags to be a feed")
    if "<!entity" in text.lower():
        raise Unreadable("declares its own entities")


def plain(markup: str) -> str:
    """The text that a browser would show for a piece of HTML, on one line."""
    # What is left are block tags without attributes: they separate words.
    blocks = nh3.clean(
        markup[:_MARKUP_LENGTH],
        tags=_BLOCKS,
        clean_content_tags=_HIDDEN,
        attributes=_NO_ATTRIBUTES,
        link_rel=None,
    )
    return one_line(unescape(_BLOCK_TAG.sub(" ", blocks)), _MARKUP_LENGTH)


def _item(entry: Any, base: URL, source: str) -> NewsItem | None:
    """The item of a feed entry; None for an entry without text."""
    summary = plain(str(entry.get("summary") or ""))
    title = plain(str(entry.get("title") or "")) or summary
    if not title:
        return None
    return NewsItem(
        title=one_line(title, _TITLE_LENGTH),
        link=_link(str(entry.get("link") or ""), base),
        source=source,
        published=_published(entry),
        summary=one_line(summary, _SUMMARY_LENGTH),
    )


def _link(link: str, base: URL) -> str:
    """An http(s) URL without fragment and tracking parameters; empty if the link is not one."""
    try:
        url = base.join(URL(link.strip())).with_fragment(None)
        url = url.without_query_params(*(name for name in url.query if name.startswith("utm_")))
        sound = bool(link) and url.scheme in ("http", "https") and bool(url.host) and not url.user
    except ValueError:
        return ""
    return str(url) if sound and len(str(url)) <= _LINK_LENGTH else ""


def _published(entry: Any) -> int | None:
    """The publication time in Unix seconds. `dict.get`, because feedparser warns when `updated` is read normally."""
    utc = dict.get(entry, "published_parsed") or dict.get(entry, "updated_parsed")
    try:
        seconds = timegm(utc) if utc else -1
    except (OverflowError, TypeError, ValueError):
        return None
    return seconds if 0 <= seconds <= _LAST_INSTANT else None

"""News items, and the merge of several feeds. Instants are Unix seconds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class NewsItem:
    """One item in plain text; `link` is an http(s) URL or empty, `source` the name of its feed."""

    title: str
    link: str
    source: str
    published: int | None
    summary: str  # 500 characters at most


@dataclass(frozen=True, slots=True)
class FeedCopy:
    """The last content of a feed, and the validators for a conditional request."""

    items: tuple[NewsItem, ...] = ()
    etag: str | None = None
    modified: str | None = None


@dataclass(frozen=True, slots=True)
class FeedFault:
    """Why a feed could not be read, as a sentence for the user."""

    reason: str


def newest_first(feeds: Iterable[Sequence[NewsItem]]) -> tuple[NewsItem, ...]:
    """The items of all feeds, each link once (from the first feed that has it); undated items come last."""
    once = {item.link or (item.source, item.title): item for items in reversed(list(feeds)) for item in items[::-1]}
    return tuple(sorted(once.values(), key=lambda i: (-(i.published or 0), i.source, i.title, i.link)))

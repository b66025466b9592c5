"""Many feeds become one list: newest first, each link once."""

from __future__ import annotations

from opentrader.domain.news import NewsItem, newest_first


def item(title: str, published: int | None, link: str = "", source: str = "a") -> NewsItem:
    return NewsItem(title, link, source, published, "")


def test_the_newest_come_first_and_the_undated_last() -> None:
    feeds = [[item("old", 1), item("undated", None)], [item("new", 2, source="b")]]
    assert [one.title for one in newest_first(feeds)] == ["new", "old", "undated"]


def test_a_link_stands_once_as_the_first_feed_has_it() -> None:
    first, second = item("mine", 5, "https://x/1"), item("theirs", 9, "https://x/1", "b")
    assert newest_first([[first], [second]]) == (first,)


def test_without_a_link_source_and_title_tell_items_apart() -> None:
    items = [item("one", 1), item("two", 1), item("one", 1, source="b")]
    assert newest_first([items]) == (items[0], items[1], items[2])
    assert len(newest_first([[item("one", 1)], [item("one", 1)]])) == 1


def test_without_feeds_there_is_no_news() -> None:
    assert newest_first([]) == ()

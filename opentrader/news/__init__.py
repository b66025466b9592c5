"""Reads news feeds (RSS, Atom). Feeds are untrusted input: each is isolated from the others and from the daemon."""

from opentrader.news.addresses import DEFAULT_FEEDS, NewsFeed, parse_feeds
from opentrader.news.reader import FeedReader

__all__ = ["DEFAULT_FEEDS", "FeedReader", "NewsFeed", "parse_feeds"]

"""Reads news feeds (RSS, Atom), which are written by strangers: each is kept apart from the others and from us."""

from opentrader.news.addresses import DEFAULT_FEEDS, NewsFeed, parse_feeds
from opentrader.news.reader import FeedReader

__all__ = ["DEFAULT_FEEDS", "FeedReader", "NewsFeed", "parse_feeds"]

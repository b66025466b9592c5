"""The store: one SQLite file, one writer thread, and one module of functions per table."""

from apsw import Connection

from opentrader.store.sqlite.database import Store

__all__ = ["Connection", "Store"]

"""The store: one SQLite file, one writer thread, and a module of plain functions for each kind of row."""

from apsw import Connection

from opentrader.store.sqlite.database import Store

__all__ = ["Connection", "Store"]

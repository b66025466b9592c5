"""Daemons that a kill makes lie, as scripts for `Daemon`: the rig must catch each."""

from __future__ import annotations

from tests.crash import power

FORGETS_KEYS = """
import sys
from contextlib import closing

import apsw

from opentrader.cli import main
from opentrader.store.sqlite.database import Store

def forgetful(data_dir, *rest, opened=Store.open):
    store = opened(data_dir, *rest)
    with closing(apsw.Connection(str(data_dir / "opentrader.db"))) as connection:
        connection.execute("DELETE FROM idempotency")
    return store

Store.open = forgetful
sys.exit(main())
"""
"""What a request has begun is known to the process alone: after a restart its key begins something new."""

ANSWERS_FIRST = """
import asyncio, sys

from opentrader.cli import main
from opentrader.store.tables.journal import JournalTable

tasks = set()

def later(commit):
    async def at_once(self, *values, **named):
        async def soon():
            await asyncio.sleep(0.3)
            await commit(self, *values, **named)
        task = asyncio.ensure_future(soon())
        tasks.add(task)
        task.add_done_callback(tasks.discard)
    return at_once

for name in ("save", "commit", "finish"):
    setattr(JournalTable, name, later(getattr(JournalTable, name)))
sys.exit(main())
"""
"""Trades are committed after they have been acted on and told."""

_SYNCED_LESS = """
from opentrader.store.sqlite import connection
connection.WRITER = tuple((name, "{level}" if name == "synchronous" else value) for name, value in connection.WRITER)
"""
NEVER_SYNCED = _SYNCED_LESS.format(level="off") + power.DAEMON
RARELY_SYNCED = _SYNCED_LESS.format(level="normal") + power.DAEMON
"""A power cut takes what was told, and without any sync the whole file."""

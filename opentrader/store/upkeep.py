"""Looking after the disk while the daemon runs: the reserve, and whether commits are fast again."""

from __future__ import annotations

import asyncio
import logging
from typing import NoReturn

from apsw import Connection

from opentrader.errors import OpentraderError
from opentrader.store.sqlite.database import Store

CHECK_SECONDS = 5.0

logger = logging.getLogger(__name__)


async def keep_disk(store: Store) -> NoReturn:
    """Make the reserve again once there is room; on a slow disk commit, because nothing else may do so for hours."""
    while True:
        await asyncio.sleep(CHECK_SECONDS)
        try:
            await asyncio.to_thread(store.disk.keep_reserve)
            if store.disk.slow():
                await store.write(probe)
        except OpentraderError as error:
            logger.warning("the disk could not be checked, retrying: %s", error)


def probe(connection: Connection) -> None:
    """A commit with a sync, of a page that stays as it is."""
    connection.pragma("user_version", connection.pragma("user_version"))

"""Looking after the disk while the daemon runs: the file, the reserve, and whether commits are fast again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import NoReturn

from apsw import Connection

from opentrader.errors import OpentraderError, StorageFailed
from opentrader.store.sqlite import schema
from opentrader.store.sqlite.database import Store

CHECK_SECONDS = 5.0
CALM_SECONDS = 10.0  # after which a start has no more work to do

_ADVICE = "Copy the data folder, then replace the file opentrader.db with a backup"

logger = logging.getLogger(__name__)


async def look_after(store: Store, on_fatal: Callable[[str], object]) -> NoReturn:
    """Keep the disk, and check what the opening of the store left out.

    `on_fatal` is called with the reason where the store is damaged or its disk failed: nothing more should be written
    to it then.
    """
    async with asyncio.TaskGroup() as both:
        both.create_task(check_whole(store, on_fatal))
        await keep_disk(store)


async def check_whole(store: Store, on_fatal: Callable[[str], object]) -> None:
    """Check the whole file when the start is over, because that takes a core for a second or more.

    One that cannot be read now, because another program holds it, will be at the next start.
    """
    await asyncio.sleep(CALM_SECONDS)
    try:
        finding = await store.read_async(schema.damage)
    except StorageFailed as error:
        on_fatal(f"{error}. {_ADVICE}")
    except OpentraderError as error:
        logger.warning("the store could not be checked: %s", error)
    else:
        if finding is not None:
            on_fatal(f"the store is damaged: {finding}. {_ADVICE}")


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

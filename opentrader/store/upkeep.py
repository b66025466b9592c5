"""Looking after the disk while the daemon runs: the file, the reserve, and whether commits are fast again."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from functools import partial
from typing import NoReturn

from apsw import Connection

from opentrader.errors import OpentraderError
from opentrader.store.sqlite import schema
from opentrader.store.sqlite.database import Store

CHECK_SECONDS = 5.0
CALM_SECONDS = 10.0  # after which a start has no more work to do

logger = logging.getLogger(__name__)


async def look_after(store: Store, on_damaged: Callable[[str], object]) -> NoReturn:
    """Keep the disk, and check what the opening of the store left out.

    `on_damaged` is called with the reason where the store is damaged: nothing more should be written to it then.
    """
    async with asyncio.TaskGroup() as both:
        both.create_task(check_rest(store, on_damaged))
        await keep_disk(store)


async def check_rest(store: Store, on_damaged: Callable[[str], object]) -> None:
    """The history at once, because the limits of the day follow from it; the whole file when the start is over.

    That takes a core for a second or more.
    """
    await check(store, on_damaged, partial(schema.damage_of, tables=["history"]))
    await asyncio.sleep(CALM_SECONDS)
    await check(store, on_damaged)


async def check(
    store: Store, on_damaged: Callable[[str], object], damage: Callable[[Connection], str | None] = schema.damage
) -> None:
    """Check the whole store, or what `damage` does; one that cannot be read now will be at the next start."""
    try:
        finding = await store.read_async(damage)
    except OpentraderError as error:
        logger.warning("the store could not be checked: %s", error)
        return
    if finding is not None:
        logger.critical("the store is damaged: %s", finding)
        on_damaged(f"the store is damaged: {finding}. Copy the data folder, then replace the file with a backup")


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

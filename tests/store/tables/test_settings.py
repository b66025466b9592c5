"""What a data folder keeps to itself."""

from __future__ import annotations

from opentrader.store import Store
from opentrader.store.tables import settings


async def test_the_first_choice_is_kept_until_it_is_put(store: Store) -> None:
    assert store.read(lambda connection: settings.get(connection, "seed")) is None
    assert await store.write(lambda connection: settings.keep(connection, "seed", "one")) == "one"
    assert await store.write(lambda connection: settings.keep(connection, "seed", "two")) == "one"
    await store.write(lambda connection: settings.put(connection, "seed", "three"))
    assert store.read(lambda connection: settings.get(connection, "seed")) == "three"

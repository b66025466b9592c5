"""The policy of every connection."""

from __future__ import annotations

from opentrader.store import Store


async def test_the_policy_is_in_force(store: Store) -> None:
    policy = {
        "journal_mode": "wal",
        "synchronous": 2,
        "foreign_keys": 1,
        "trusted_schema": 0,
        "mmap_size": 0,
        "wal_autocheckpoint": 0,
    }
    found = await store.write(lambda connection: {name: connection.pragma(name) for name in policy})
    assert found == policy

"""Who an installation is: chosen once, kept, and never shown in full."""

from __future__ import annotations

from pathlib import Path

from opentrader.store import Store
from opentrader.store.identity import identity_of


async def test_it_is_chosen_once_for_a_data_folder(store: Store, data_dir: Path, tmp_path: Path) -> None:
    first = await identity_of(store)
    assert await identity_of(store) == first
    other = Store.open(tmp_path / "other")
    assert (await identity_of(other)).machine_id != first.machine_id
    other.close()


async def test_the_secret_is_in_no_repr(store: Store) -> None:
    identity = await identity_of(store)
    assert len(identity.secret) == 32
    assert identity.secret.hex() not in repr(identity)
    assert repr(identity.secret) not in repr(identity)

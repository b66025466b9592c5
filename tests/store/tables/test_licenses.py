"""The license: one row, sealed."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import apsw
import pytest

from opentrader.domain.license import License
from opentrader.store import Store
from opentrader.store.tables import licenses
from opentrader.store.tables.licenses import LicenseTable, SealedLicense
from tests.store.given import LICENSE, SEALED


async def test_the_license_is_one_row(store: Store) -> None:
    assert store.read(licenses.row) is None
    later = SealedLicense(replace(LICENSE, plan="pro", expires_at=1_800_000_000), bytes(32))
    for sealed in (SEALED, later):
        await store.write(partial(licenses.put, sealed=sealed))
        assert store.read(licenses.row) == sealed


async def test_a_license_counts_where_it_was_sealed_and_nowhere_else(store: Store) -> None:
    await LicenseTable(store, machine_id="m-1", secret=b"s").keep(LICENSE)
    installations = (("m-1", b"s"), ("m-1", b"t"), ("m-2", b"s"))
    tables = [LicenseTable(store, machine_id=machine, secret=secret) for machine, secret in installations]
    assert [table.load()[0] for table in tables] == [LICENSE, License("m-1"), License("m-2")]


async def test_a_license_without_a_key_is_refused(store: Store) -> None:
    with pytest.raises(apsw.ConstraintError):
        await store.write(partial(licenses.put, sealed=replace(SEALED, license=License("m-1", activated_at=1))))
    assert store.read(licenses.row) is None

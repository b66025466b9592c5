"""The license: local, sealed, and honest about the clock."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

import pytest

from opentrader.actors.messages import (
    ActivateLicense,
    HealthOf,
    LicenseOf,
    RegisterLicense,
)
from opentrader.actors.operations.license_guard import refused
from opentrader.domain.license import is_genuine, key_for
from opentrader.errors import LicenseKeyNotFound
from opentrader.store.tables import licenses
from opentrader.store.tables.licenses import LicenseTable


async def test_registering_is_local_and_the_same_mail_has_the_same_key(books):
    assert books.view(HealthOf()).license_status == "required"
    assert books.view(LicenseOf()).license_key is None
    first = await books.ask(RegisterLicense("Me@Example.com", "Me"))
    books.clock.now += 100
    again = await books.ask(RegisterLicense("me@example.com", "Me"))
    assert first.license_key == again.license_key == key_for("ME@example.com")
    assert first.activated_at == again.activated_at
    assert is_genuine(first.license_key)
    health = books.view(HealthOf())
    assert (health.license_status, health.plan) == ("active", "free")
    shown = books.view(LicenseOf()).license_key
    assert shown == "OT-****-****-****-" + first.license_key[-4:]


async def test_a_key_proves_itself_on_another_machine_and_a_made_up_one_does_not(books):
    with pytest.raises(LicenseKeyNotFound):
        await books.ask(ActivateLicense("OT-ZZZZ-ZZZZ-ZZZZ-ZZZZ"))
    active = await books.ask(ActivateLicense(key_for("other@example.com").lower()))
    assert (active.license_status, active.email) == ("active", None)


async def test_a_license_row_edited_by_another_hand_counts_as_none(books):
    await books.ask(RegisterLicense("me@example.com", "Me"))
    sealed = books.store.read(licenses.row)
    edited = replace(sealed, license=replace(sealed.license, name="Somebody"))
    await books.store.write(partial(licenses.put, sealed=edited))
    await books.restart()
    assert books.view(HealthOf()).license_status == "required"


async def test_a_clock_turned_back_suspends_the_license_until_it_is_right_again(books):
    await books.ask(RegisterLicense("me@example.com", "Me"))
    noon = books.clock.now
    await LicenseTable(books.store, machine_id="m1", secret=b"s" * 32).keep_clock(noon)
    await books.restart()
    books.clock.now = noon - 3601
    assert books.view(HealthOf()).license_status == "required"
    books.clock.now = noon - 3599
    assert books.view(HealthOf()).license_status == "active"


async def test_the_clock_is_noted_at_the_start_already(books):
    await books.ask(RegisterLicense("me@example.com", "Me"))
    noon = books.clock.now
    books.clock.now = noon + 7200
    await books.restart()
    await books.ask(RegisterLicense("me@example.com", "Me"))  # behind the note
    books.clock.now = noon
    await books.restart()
    assert books.view(HealthOf()).license_status == "required"


async def test_whoever_activates_a_key_says_that_the_clock_is_right(books):
    key = (await books.ask(RegisterLicense("me@example.com", "Me"))).license_key
    now = books.clock.now
    books.clock.now = now + 10 * 365 * 86_400  # as a machine shows that has not learned the time yet
    await books.restart()
    await books.ask(RegisterLicense("me@example.com", "Me"))
    books.clock.now = now
    await books.restart()
    assert (await books.ask(RegisterLicense("me@example.com", "Me"))).license_status == "required"
    assert (await books.ask(ActivateLicense(key))).license_status == "active"
    assert (books.view(LicenseOf()).email, books.view(HealthOf()).license_status) == ("me@example.com", "active")
    await books.restart()
    assert books.view(HealthOf()).license_status == "active"


async def test_a_refusal_says_whether_it_is_the_license_or_the_clock(books):
    def told() -> str:
        error = refused(books.supervisor.snapshot("license_guard"), books.clock.now, "curl it")
        return f"{error.detail}; {error.hint}"

    assert told() == "a license is required; register it for free: curl it"
    await books.ask(RegisterLicense("me@example.com", "Me"))
    books.clock.now -= 7200
    assert "it shows 2024-04-27 10:00 UTC, but it has already shown 2024-04-27 12:00 UTC" in told()
    assert "/api/license/activate" in told()

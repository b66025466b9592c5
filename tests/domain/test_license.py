"""A key that an earlier version issued stays genuine, and the license that it sealed stays believed."""

from __future__ import annotations

from dataclasses import replace

import pytest

from opentrader.domain.license import License, is_genuine, key_for

# Issued and sealed by commit 2a0a834. They never change: people have these keys.
ISSUED = {"you@example.com": "OT-3G82-M5B5-09GK-1HRM", "A.Trader@Example.ORG": "OT-EGK2-G5PP-R9JF-N0BM"}
SECRET = bytes(range(32))
SEAL = "5d61a211b61d86f2e8403368d4e50dde6d1dfa4a5654c5f20266ea9551b1b184"
SEALED = License(
    "0123456789abcdef-01234567",
    ISSUED["you@example.com"],
    "you@example.com",
    "Your Name",
    "free",
    activated_at=1_714_216_800,
    expires_at=None,
)


@pytest.mark.parametrize(("email", "key"), ISSUED.items())
def test_a_key_of_an_earlier_version_is_still_genuine(email: str, key: str) -> None:
    assert is_genuine(key)
    assert is_genuine(key.lower())
    assert key_for(email) == key


@pytest.mark.parametrize("position", [3, 8, 13, 21])
def test_a_key_with_one_symbol_changed_is_not(position: int) -> None:
    key = ISSUED["you@example.com"]
    other = "0" if key[position] != "0" else "1"
    assert not is_genuine(key[:position] + other + key[position + 1 :])


def test_the_seal_of_an_earlier_version_still_fits() -> None:
    assert SEALED.seal(SECRET).hex() == SEAL
    assert replace(SEALED, plan="paid").seal(SECRET).hex() != SEAL

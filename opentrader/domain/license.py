"""The free license, computed locally: the key derives from an e-mail address, and any machine can verify it.

It is a courtesy gate, not a lock: the constant below is public, there is no license server, and nothing leaves the
machine.
"""

from __future__ import annotations

import hashlib
import hmac
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

LicenseStatusName = Literal["active", "required"]

BEHIND_SECONDS = 60  # a clock that is set, for example by NTP, may step back a little
TURNED_BACK_SECONDS = 3600  # the clock counts as turned back when it is further behind than this

_CONSTANT = b"opentrader free licence 1"
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # base 32 without I, L, O and U
_BODY, _CHECK = 12, 4


def _symbols(text: str, count: int) -> str:
    """`count` Crockford base-32 symbols of HMAC-SHA256 over `text`."""
    digest = hmac.new(_CONSTANT, text.encode(), hashlib.sha256).digest()
    number = int.from_bytes(digest, "big")
    return "".join(_CROCKFORD[number >> (5 * i) & 31] for i in range(count))


def key_for(email: str) -> str:
    """The license key of an e-mail address, e.g. `OT-3Z7K-0Q4M-9B1D-7Q2M`; letter case does not matter."""
    body = _symbols(email.strip().lower(), _BODY)
    code = body + _symbols(body, _CHECK)
    return "OT-" + "-".join(code[i : i + 4] for i in range(0, _BODY + _CHECK, 4))


def is_genuine(key: str) -> bool:
    """Whether the four check symbols match the twelve symbols before them."""
    code = key.upper().removeprefix("OT").replace("-", "")
    return hmac.compare_digest(code[_BODY:], _symbols(code[:_BODY], _CHECK))


def masked(key: str | None) -> str | None:
    """The key with all but its last four symbols masked."""
    return key and "OT-****-****-****-" + key[-4:]


def behind(now: float, reference: float) -> str | None:
    """That the wall clock is behind the time that is known to have passed, both in Unix seconds; None if it is not."""
    seconds = int(reference - now)
    return f"clock behind by {timedelta(seconds=seconds)}" if seconds > BEHIND_SECONDS else None


def turned_back(now: float, clock_high_water: float) -> bool:
    """Whether the clock is behind the latest reading of this installation; both in Unix seconds."""
    return now < clock_high_water - TURNED_BACK_SECONDS


@dataclass(frozen=True, slots=True)
class License:
    """The license of this installation; `key` None: not licensed."""

    machine_id: str
    key: str | None = None
    email: str | None = None
    name: str | None = None
    plan: str = "none"
    activated_at: int | None = None
    expires_at: int | None = None

    def status(self, now: float, clock_high_water: float) -> LicenseStatusName:
        """`required` without a key, after `expires_at`, or when the clock was turned back by more than an hour."""
        if self.key is None or turned_back(now, clock_high_water):
            return "required"
        return "active" if self.expires_at is None or now < self.expires_at else "required"

    def seal(self, secret: bytes) -> bytes:
        """HMAC over the fields with the secret of the data folder; it detects an edited row."""
        fields = (
            self.machine_id,
            self.key,
            self.email,
            self.name,
            self.plan,
            self.activated_at,
            self.expires_at,
        )
        return hmac.new(secret, repr(fields).encode(), hashlib.sha256).digest()

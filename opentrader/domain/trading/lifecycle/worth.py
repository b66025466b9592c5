"""Whether a tick is worth the last space of a full disk."""

from __future__ import annotations

from opentrader.domain.copies import copied
from opentrader.domain.trading.venue import Effect, PlaceEntry

from .records import Trade


def matters(before: Trade, after: Trade, effect: Effect | None) -> bool:
    """Whether a tick reduces risk or learned something: it is no entry, and more than another good read."""
    if isinstance(effect, PlaceEntry):
        return False
    return effect is not None or copied(after, ok_at=before.ok_at) != before

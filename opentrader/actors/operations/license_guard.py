"""Owns the licence of this installation, and the highest clock reading it has seen."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from opentrader.actors.messages import (
    ActivateLicense,
    License,
    RegisterLicense,
)
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message, Tick
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.license import Licence, is_genuine, key_for, masked, turned_back
from opentrader.domain.ports import LicenceStore
from opentrader.errors import LicenseKeyNotFound, LicenseRequired

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """The published snapshot: the licence, and the latest wall second this installation has seen."""

    licence: Licence
    clock_high_water: float


@dataclass(frozen=True, slots=True)
class LicenceStored(Message[License]):
    held: Held
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class ClockStored(Message[None]):
    held: Held
    outcome: Outcome[None]


class LicenseGuard(Actor):
    tick_seconds = 60.0

    def __init__(self, context: Context, store: LicenceStore) -> None:
        super().__init__(context)
        self._store = store

    def on_start(self) -> None:
        self._assign(Held(*self._store.load()))
        self.note_clock(Tick(self.context.clock.wall()))

    def exclusive_of(self, message: Message[Any]) -> str | None:
        return "licence" if isinstance(message, RegisterLicense | ActivateLicense | Tick) else None

    @handles(RegisterLicense)
    def register(self, message: RegisterLicense) -> License | Reply[License]:
        """Local and idempotent: the same e-mail has the same key, and keeps the instant of its activation."""
        mark = self._held.clock_high_water
        return self._activate(key_for(message.email), message.email, message.name, mark)

    @handles(ActivateLicense)
    def activate(self, message: ActivateLicense) -> License | Reply[License]:
        """Whoever sends the key also says that the clock is right, and what it has shown before was not."""
        key = message.license_key.upper()
        if not is_genuine(key):
            raise LicenseKeyNotFound(
                f"{masked(key)} is not a licence key", hint="register for one: POST /api/license/register"
            )
        mark = min(self._held.clock_high_water, self.context.clock.wall())
        return self._activate(key, None, None, mark)

    @handles(Tick)
    def note_clock(self, message: Tick) -> Reply[None] | None:
        if message.at <= self._held.clock_high_water:
            return None
        held = replace(self._held, clock_high_water=message.at)
        return self.pipe(self._store.keep_clock(message.at), then=partial(ClockStored, held), exclusive="licence")

    @handles(LicenceStored)
    def licence_stored(self, message: LicenceStored) -> License:
        message.outcome.unwrap()
        logger.info("licence: the %s plan is active", message.held.licence.plan)
        self._assign(message.held)
        return self._shown_whole()

    @handles(ClockStored)
    def clock_stored(self, message: ClockStored) -> None:
        message.outcome.unwrap()
        self._assign(message.held)

    def _activate(self, key: str, email: str | None, name: str | None, mark: float) -> License | Reply[License]:
        held = self._held.licence
        same = held if held.key == key else Licence(held.machine_id, activated_at=int(self.context.clock.wall()))
        known = replace(same, key=key, email=email or same.email, name=name or same.name, plan="free")
        new = Held(known, mark)
        if new == self._held:
            return self._shown_whole()
        return self.pipe(self._keep(new), then=partial(LicenceStored, new), exclusive="licence")

    async def _keep(self, new: Held) -> None:
        if new.clock_high_water != self._held.clock_high_water:
            await self._store.keep_clock(new.clock_high_water)
        await self._store.keep(new.licence)

    def _shown_whole(self) -> License:
        """The answer of register and activate shows the key whole."""
        return license_shown(self._held, self.context.clock.wall(), self._held.licence.key)

    def _assign(self, held: Held) -> None:
        self._held = held
        self.publish(held)


def refused(held: Held, now: float, register: str) -> LicenseRequired:
    """What to tell somebody for whom there is no active licence; `register` is the command that registers one."""
    if held.licence.key is None or not turned_back(now, held.clock_high_water):
        return LicenseRequired("a licence is required", hint=f"it is free: {register}")
    return LicenseRequired(
        f"the clock shows {_utc(now)}, but this installation has seen {_utc(held.clock_high_water)}",
        hint="put the clock right; if it is, say so by sending the licence key again: POST /api/license/activate",
    )


def _utc(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def license_shown(held: Held, now: float, key: str | None) -> License:
    """The licence as an answer, with the key as given (masked or whole)."""
    known = held.licence
    return License(
        known.status(now, held.clock_high_water),
        known.plan,
        key,
        known.email,
        known.name,
        known.machine_id,
        known.activated_at,
        known.expires_at,
    )

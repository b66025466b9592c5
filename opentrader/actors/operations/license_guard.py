"""Owns the license of this installation and the highest clock reading it has seen."""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any

from opentrader.actors.messages import (
    ActivateLicense,
    LicenseReply,
    RegisterLicense,
)
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message, Tick
from opentrader.actors.runtime.outcome import Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.license import License, is_genuine, key_for, masked, turned_back
from opentrader.domain.ports import LicenseStore
from opentrader.errors import LicenseKeyNotFound, LicenseRequired

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Held:
    """The published snapshot: the license, and the latest wall time in seconds that this installation has seen."""

    license: License
    clock_high_water: float


@dataclass(frozen=True, slots=True)
class LicenseStored(Message[LicenseReply]):
    held: Held
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class ClockStored(Message[None]):
    held: Held
    outcome: Outcome[None]


class LicenseGuard(Actor):
    tick_seconds = 60.0

    def __init__(self, context: Context, store: LicenseStore) -> None:
        super().__init__(context)
        self._store = store

    def on_start(self) -> None:
        self._assign(Held(*self._store.load()))
        self._note_clock()

    def exclusive_of(self, message: Message[Any]) -> str | None:
        return "license" if isinstance(message, RegisterLicense | ActivateLicense | Tick) else None

    @handles(RegisterLicense)
    def register(self, message: RegisterLicense) -> LicenseReply | Reply[LicenseReply]:
        """Local and idempotent: the same e-mail always gives the same key and keeps its activation time."""
        mark = self._held.clock_high_water
        return self._activate(key_for(message.email), message.email, message.name, mark)

    @handles(ActivateLicense)
    def activate(self, message: ActivateLicense) -> LicenseReply | Reply[LicenseReply]:
        """Sending the key also confirms the clock: an earlier, higher reading was wrong."""
        key = message.license_key.upper()
        if not is_genuine(key):
            raise LicenseKeyNotFound(
                f"{masked(key)} is not a valid license key", hint="register to get one: POST /api/license/register"
            )
        mark = min(self._held.clock_high_water, self.context.clock.wall())
        return self._activate(key, None, None, mark)

    @handles(Tick)
    def note_clock(self, message: Tick) -> Reply[None] | None:
        return self._note_clock()

    @handles(LicenseStored)
    def license_stored(self, message: LicenseStored) -> LicenseReply:
        message.outcome.unwrap()
        logger.info("license: the %s plan is active", message.held.license.plan)
        self._assign(message.held)
        return self._unmasked_reply()

    @handles(ClockStored)
    def clock_stored(self, message: ClockStored) -> None:
        message.outcome.unwrap()
        self._assign(message.held)

    def _note_clock(self) -> Reply[None] | None:
        at = self.context.clock.wall()
        if at <= self._held.clock_high_water:
            return None
        held = replace(self._held, clock_high_water=at)
        return self.pipe(self._store.keep_clock(at), then=partial(ClockStored, held), exclusive="license")

    def _activate(
        self, key: str, email: str | None, name: str | None, mark: float
    ) -> LicenseReply | Reply[LicenseReply]:
        held = self._held.license
        same = held if held.key == key else License(held.machine_id, activated_at=int(self.context.clock.wall()))
        known = replace(same, key=key, email=email or same.email, name=name or same.name, plan="free")
        new = Held(known, mark)
        if new == self._held:
            return self._unmasked_reply()
        return self.pipe(keep(self._store, self._held, new), then=partial(LicenseStored, new), exclusive="license")

    def _unmasked_reply(self) -> LicenseReply:
        """The reply to register and activate shows the full key."""
        return license_reply(self._held, self.context.clock.wall(), self._held.license.key)

    def _assign(self, held: Held) -> None:
        self._held = held
        self.publish(held)


async def keep(store: LicenseStore, known: Held, new: Held) -> None:
    """Store a license, and before it a clock reading that differs from the known one."""
    if new.clock_high_water != known.clock_high_water:
        await store.keep_clock(new.clock_high_water)
    await store.keep(new.license)


def refused(held: Held, now: float, register: str) -> LicenseRequired:
    """The refusal of a request without an active license; `register` is the command that registers one."""
    if held.license.key is None or not turned_back(now, held.clock_high_water):
        return LicenseRequired("a license is required", hint=f"register it for free: {register}")
    return LicenseRequired(
        f"the clock was set back: it shows {_utc(now)}, but it has already shown {_utc(held.clock_high_water)}",
        hint="correct the clock; if it is correct, confirm it by sending the license key: POST /api/license/activate",
    )


def _utc(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC"


def license_reply(held: Held, now: float, key: str | None) -> LicenseReply:
    """The license as a reply, with the key as passed (masked or full)."""
    known = held.license
    return LicenseReply(
        license_status=known.status(now, held.clock_high_water),
        plan=known.plan,
        license_key=key,
        email=known.email,
        name=known.name,
        machine_id=known.machine_id,
        activated_at=known.activated_at,
        expires_at=known.expires_at,
    )

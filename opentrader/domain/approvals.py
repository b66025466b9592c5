"""Asking a human for leave: what the request says, and what an answer to it is worth.

The answer comes back as a nonce, which stands for one version of one signal: whatever is changed in the signal
afterwards voids it, and so does its expiry.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from opentrader.domain.plain_text import defanged, one_line
from opentrader.domain.signals import SignalRecord

_LONGEST_CHECKLIST = 600
_PERCENTS = (("stop", "sl_pct", -1), ("target", "tp_pct", 1), ("target 1", "tp1_pct", 1), ("target 2", "tp2_pct", 1))


@dataclass(frozen=True, slots=True)
class Button:
    """What it says, and what comes back when it is pressed: 64 bytes at most."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Approval:
    """A request that waits for an answer."""

    nonce: str
    digest: str
    expires_at: int

    def covers(self, signal: SignalRecord, now: float) -> bool:
        """Whether an answer that arrives now speaks of this very signal, and in time."""
        return now < self.expires_at and signal.status_at(now) == "pending" and digest(signal) == self.digest


def approval(signal: SignalRecord, nonce: str) -> Approval:
    return Approval(nonce, digest(signal), signal.expires_at)


def digest(signal: SignalRecord) -> str:
    """SHA-256 of all that is asked: pair, direction, bot, stop, target and the rest, expiry, and the version.

    The version is the instant of posting. Left out is what changes without a word of the poster: the status, and
    whether the request was sent.
    """
    asked = [signal.pair, signal.direction, signal.bot, signal.created_at, signal.expires_at, signal.body]
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def buttons(nonce: str) -> tuple[Button, ...]:
    return Button("Confirm", f"confirm:{nonce}"), Button("Reject", f"reject:{nonce}")


def request_text(signal: SignalRecord) -> str:
    """The request as plain text. What the poster wrote freely stands in lines that begin with our own words."""
    body = signal.body
    lines = [
        "APPROVAL REQUEST",
        f"{signal.direction.upper()} {signal.pair}",
        f"bot: {defanged(one_line(signal.bot, 64))}",
        *([f"price: {body['price']:g}"] if "price" in body else []),
        *_levels(body, 1 if signal.direction == "buy" else -1),
        *_reasons(body),
        f"expires: {datetime.fromtimestamp(signal.expires_at, UTC):%Y-%m-%d %H:%M:%S} UTC",
    ]
    return "\n".join(lines)


def _levels(body: Mapping[str, Any], up: int) -> Iterable[str]:
    """Stop and targets in percent of the price, and as prices where one is known."""
    for name, key, side in _PERCENTS:
        if key in body:
            percent = side * up * body[key]
            at = f"{body['price'] * (1 + percent / 100):g} " if "price" in body else ""
            yield f"{name}: {at}({percent:+.2f} %)"


def _reasons(body: Mapping[str, Any]) -> Iterable[str]:
    counted = f"{body['passed']} of {body['total']}" if "passed" in body and "total" in body else ""
    told = " - ".join(filter(None, (counted, _checks(body.get("checklist")))))
    if told:
        yield f"checklist: {told}"
    if "ev" in body:
        yield f"ev: {body['ev']:.1f}, confidence {body['confidence']}"


def _checks(checklist: object) -> str:
    """A checklist is free-form; the scans' own maps each check to whether it passed."""
    if isinstance(checklist, Mapping):
        checklist = [f"{name} {_verdict(value)}" for name, value in checklist.items()]
    items = checklist if isinstance(checklist, list) else [checklist or ""]
    return defanged(one_line(", ".join(map(str, items)), _LONGEST_CHECKLIST))


def _verdict(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)

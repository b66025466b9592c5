"""Approval requests to the operator: their text, and when an answer is valid.

The answer carries a nonce that identifies one version of one signal. A later change of the signal invalidates the
nonce, and so does the expiry of the signal.
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
    """The label of a button and the data that it sends, 64 bytes at most."""

    label: str
    data: str


@dataclass(frozen=True, slots=True)
class Approval:
    """A pending approval request."""

    nonce: str
    digest: str
    expires_at: int

    def covers(self, signal: SignalRecord, now: float) -> bool:
        """Whether an answer at `now` is in time and for exactly this version of the signal."""
        return now < self.expires_at and signal.status_at(now) == "pending" and digest(signal) == self.digest


def approval(signal: SignalRecord, nonce: str) -> Approval:
    return Approval(nonce, digest(signal), signal.expires_at)


def digest(signal: SignalRecord) -> str:
    """SHA-256 of the content of a request: pair, direction, bot, version, expiry and body.

    The version is the instant of the post. Fields that change without a new post are excluded: the status, and whether
    the request was sent.
    """
    asked = [signal.pair, signal.direction, signal.bot, signal.created_at, signal.expires_at, signal.body]
    return sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()


def buttons(nonce: str) -> tuple[Button, ...]:
    return Button("Confirm", f"confirm:{nonce}"), Button("Reject", f"reject:{nonce}")


def request_text(signal: SignalRecord) -> str:
    """The request as plain text. Free text of the poster appears only in lines that start with a fixed label."""
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
    """Stop and targets in percent of the price, and as prices where the price is known."""
    for name, key, side in _PERCENTS:
        if key in body:
            percent = side * up * body[key]
            at = f"{body['price'] * (1 + percent / 100):g} " if "price" in body else ""
            yield f"{name}: {at}({percent:+.2f} %)"


def _reasons(body: Mapping[str, Any]) -> Iterable[str]:
    counted = f"{body['passed']} of {body['total']}" if "passed" in body and "total" in body else ""
    checklist = " - ".join(filter(None, (counted, _checks(body.get("checklist")))))
    if checklist:
        yield f"checklist: {checklist}"
    if "ev" in body:
        yield f"ev: {body['ev']:.1f}, confidence {body['confidence']}"


def _checks(checklist: object) -> str:
    """A checklist is free-form; that of a scan maps each check to whether it passed."""
    if isinstance(checklist, Mapping):
        checklist = [f"{name} {_verdict(value)}" for name, value in checklist.items()]
    items = checklist if isinstance(checklist, list) else [checklist or ""]
    return defanged(one_line(", ".join(map(str, items)), _LONGEST_CHECKLIST))


def _verdict(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)

"""Client order ids: derived from intent, kind and generation, and parseable.

    OT<kind 1><instance 4>_<ULID 26><gen 2>                              exits and closes, 36 characters
    MT_<instance 4><ULID's last 8><sl bp 3><tp bp 4><expiry 6><gen 2>    limit entries, 30; MK_ market entries

Numbers are in base 36; levels in basis points of the entry price, the expiry in Unix seconds. The id of an entry
contains its levels, so that a position can be rebuilt when the store is lost. A venue with shorter ids gets a hash.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from hashlib import blake2b
from typing import Literal

from .records import EntryKind, Intent

IdKind = Literal["L", "P", "T", "S", "C"]  # list, its stop and its target, single stop, close
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
EXIT = re.compile(r"OT(?P<kind>[LPTSC])(?P<instance>[0-9A-Za-z]{4})_(?P<id>[0-9A-Z]{26})(?P<gen>[0-9A-Z]{2})")
ENTRY = re.compile(
    r"(?P<prefix>MT|MK)_(?P<instance>[0-9A-Za-z]{4})(?P<tail>[0-9A-Z]{8})(?P<sl>[0-9A-Z]{3})(?P<tp>[0-9A-Z]{4})"
    r"(?P<expiry>[0-9A-Z]{6})(?P<gen>[0-9A-Z]{2})"
)
FULL_LENGTH = 36
BASIS = Decimal(10_000)


@dataclass(frozen=True, slots=True)
class ExitId:
    kind: IdKind
    instance: str
    intent_id: str
    gen: int

    @property
    def tail(self) -> str:
        return self.intent_id[-8:]


@dataclass(frozen=True, slots=True)
class EntryId:
    """`sl_bp` and `tp_bp` are distances from the entry price; `expiry` in Unix seconds, 0: none."""

    kind: EntryKind
    instance: str
    tail: str
    sl_bp: int
    tp_bp: int
    expiry: int
    gen: int


def base36(number: int, width: int) -> str:
    """Raises ValueError for a number that does not fit, because a truncated one would be parsed as another number."""
    if not 0 <= number < 36**width:
        raise ValueError(f"{number} does not fit into {width} digits of base 36")
    digits = ""
    for _ in range(width):
        number, digit = divmod(number, 36)
        digits = DIGITS[digit] + digits
    return digits


def basis_points(px: Decimal, level: Decimal) -> int:
    """The distance of a level from the entry price, rounded to 1 bp and never 0."""
    return max(1, int((abs(level - px) / px * BASIS).to_integral_value(ROUND_HALF_UP)))


def at_distance(px: Decimal, bp: int) -> Decimal:
    """The level `bp` basis points above (negative: below) the entry price, not rounded to the tick."""
    return px * (BASIS + bp) / BASIS


def hashed(prefix: str, text: str) -> str:
    """18 letters and digits, for venues where the layout does not fit."""
    number = int.from_bytes(blake2b(text.encode(), digest_size=10).digest(), "big")
    return prefix + base36(number % 36**16, 16)


def exit_id(intent: Intent, kind: IdKind, gen: int, length: int = FULL_LENGTH) -> str:
    cid = f"OT{kind}{intent.instance}_{intent.id}{base36(gen, 2)}"
    return cid if length >= FULL_LENGTH else hashed("OT", cid)


def entry_id(intent: Intent, length: int = FULL_LENGTH) -> str:
    prefix = "MT" if intent.kind == "limit" else "MK"
    sl, tp = basis_points(intent.px, intent.sl), basis_points(intent.px, intent.tp)
    expiry = base36(intent.ttl_at // 1000, 6)
    cid = f"{prefix}_{intent.instance}{intent.id[-8:]}{base36(sl, 3)}{base36(tp, 4)}{expiry}{base36(1, 2)}"
    return cid if length >= FULL_LENGTH else hashed(prefix, cid + intent.id)


@lru_cache(maxsize=1024)  # each look at a history shows the same orders again
def parse(cid: str) -> EntryId | ExitId | None:
    """The parts of an id; None for an unknown layout, which is never guessed."""
    if told := EXIT.fullmatch(cid):
        kind: IdKind = told["kind"]  # type: ignore[assignment]  # the pattern admits no other letter
        return ExitId(kind, told["instance"], told["id"], int(told["gen"], 36))
    if told := ENTRY.fullmatch(cid):
        numbers = (int(told[name], 36) for name in ("sl", "tp", "expiry", "gen"))
        return EntryId("limit" if told["prefix"] == "MT" else "market", told["instance"], told["tail"], *numbers)
    return None


def ours(cid: str) -> bool:
    """Whether an order has a prefix of opentrader, of any instance."""
    return cid.startswith(("OT", "MT", "MK"))

"""The stored state of a trade: its intent, the legs that were sent for it, and the decisions.

Facts first, state second: a leg holds the known facts of one order or list at the venue, and the label of the trade is
computed from its legs. Instants are Unix milliseconds, 0 meaning never; levels are prices, 0 meaning none.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Literal, TypeVar

from opentrader.domain.copies import copied
from opentrader.domain.trading.venue import ZERO, Side

LegKind = Literal["E", "L", "S", "C"]  # entry, OCO list, single stop, close
LegState = Literal["SENT", "UNKNOWN", "OPEN", "FILLED", "CANCELED", "EXPIRED", "REJECTED", "ABSENT"]
Flag = Literal["", "TP_PART", "TRIGGERED", "LATE", "OUTSIDE"]
EntryKind = Literal["market", "limit"]
Quarantine = Literal["", "unknown", "exit"]
Label = Literal[
    "NONE",
    "ENTERING",
    "PARTIAL_HELD",
    "PROTECTING",
    "PROTECTED",
    "REPLACING",
    "UNPROTECTED",
    "CLOSING",
    "SWEEPING",
    "DUST",
    "FLAT",
    "QUARANTINE",
]
Severity = Literal["note", "alert", "page"]
Move = Literal["", "asked", "done", "kept"]  # levels that a person asks for; kept: the old ones stayed
Source = Literal["trade", "manual", "signal", "recovered", "restored"]

IN_FLIGHT = frozenset({"SENT", "UNKNOWN"})
LIVE = frozenset({"SENT", "UNKNOWN", "OPEN"})
STICKY = frozenset({"FILLED", "CANCELED", "EXPIRED"})
DROPPED = "dropped"  # a `close_reason`


Record = TypeVar("Record", "Leg", "Trade")


def revised(record: Record, **changes: object) -> Record:
    """The record with these fields; the same object if nothing changes, so that a quiet tick creates no new values."""
    if all(getattr(record, name) == value for name, value in changes.items()):
        return record
    return copied(record, **changes)  # type: ignore[arg-type]  # every record is a dataclass


@dataclass(frozen=True)
class Intent:
    """The requested trade, immutable. `px` of a market entry is the price that its levels were computed from.

    `ttl_at` 0: good till canceled. `instance` is that of the daemon that creates the client order ids.
    """

    id: str
    kind: EntryKind
    symbol: str
    side: Side
    qty: Decimal
    px: Decimal
    sl: Decimal
    tp: Decimal
    ttl_at: int
    created_at: int
    instance: str
    idem_key: str = ""
    agent: str = ""
    token_id: str = ""
    approval_id: str = ""
    bot: str = ""
    source: Source = "trade"
    sl_pct: Decimal = ZERO  # as requested, percent of the entry price
    tp_pct: Decimal = ZERO
    rr: str = ""  # risk:reward text of a manual entry


@dataclass(frozen=True)
class Leg:
    """One order or list, committed as SENT before the request is written.

    `fees` are in base, for the quantity `covered`, the part of `cum` whose fills are known. `quote` is the amount paid
    or received. `neg_count` and `neg_at` count the votes for its absence; for an acknowledged order `neg_at` is when
    reads stopped finding it. `cancel_sent` is the time of our pending cancel; `cancel_at` keeps it after the cancel was
    given up.
    """

    cid: str
    kind: LegKind
    gen: int
    state: LegState
    qty: Decimal
    sl: Decimal
    tp: Decimal
    sent_at: int
    horizon_at: int
    wallet_at_send: Decimal = ZERO
    stop_cid: str = ""  # of a list
    target_cid: str = ""
    ex_ids: tuple[str, ...] = ()
    cum: Decimal = ZERO
    quote: Decimal = ZERO
    fees: Decimal = ZERO
    covered: Decimal = ZERO
    cancel_sent: int = 0
    cancel_at: int = 0
    part_at: int = 0
    neg_count: int = 0
    neg_at: int = 0
    disagree: int = 0
    flag: Flag = ""
    flag_at: int = 0
    ended_at: int = 0  # when the venue ended it
    replaces: str = ""  # the list that this stop replaces, by cancelReplace
    refused: str = ""  # a `Reason`: why it is REJECTED
    refusal: str = ""  # the error text of the venue
    refusals: int = 0  # how often this generation was refused before

    @property
    def live(self) -> bool:
        return self.state in LIVE

    @property
    def in_flight(self) -> bool:
        return self.state in IN_FLIGHT

    @property
    def open(self) -> bool:
        return self.state == "OPEN"

    @property
    def rest(self) -> Decimal:
        return self.qty - self.cum

    @property
    def cids(self) -> tuple[str, ...]:
        """Its client order ids at the venue."""
        return (self.cid, self.stop_cid, self.target_cid) if self.kind == "L" else (self.cid,)


@dataclass(frozen=True, slots=True)
class Alert:
    """A message to the operator. Only the latest of each code is stored; `at` is when it was raised."""

    code: str
    severity: Severity
    at: int


@dataclass(frozen=True)
class Trade:
    """A trade from its intent to flat; stored with every tick, and a restart resets nothing.

    `base_at_entry` is the quantity of the user's own coins. `rep_old`, `rep_new` are the levels of a replacement in
    progress; `stage` is 1 when its new level was given up. `want` is the stop that trailing requests; `move_sl` and
    `move_tp` are the levels that a person has asked for by the command `move_id`, and `rep_tp` the target of a
    replacement for these. `adj` is the quantity by which the position was reduced. `overruled`: when an operator
    closed or dropped it in quarantine. `halt`: cancel the entry. `ok_at` is the last good read in which exits covered
    the position, `bare_at` since when they do not. `retry_at`: end of a pause that the venue demanded. `sends` are the
    instants of its latest exits and closes. `pauses` counts the pauses after failed closes, while their cause,
    `paused_for`, and about the price, `paused_px`, stay.
    """

    intent: Intent
    sl: Decimal
    tp: Decimal
    legs: tuple[Leg, ...] = ()
    base_at_entry: Decimal = ZERO
    want: Decimal = ZERO
    rep_old: Decimal = ZERO
    rep_new: Decimal = ZERO
    stage: int = 0
    rep_tp: Decimal = ZERO
    move: Move = ""
    move_id: str = ""
    move_sl: Decimal = ZERO
    move_tp: Decimal = ZERO
    close_reason: str = ""
    close_after: int = 0
    failed_closes: int = 0
    failed_protects: int = 0
    bal_reread: int = 0
    short: int = 0
    short_at: int = 0
    adj: Decimal = ZERO
    quar: Quarantine = ""
    overruled: int = 0
    halt: bool = False
    last_send: int = 0
    last_change: int = 0
    bare_at: int = 0
    ok_at: int = 0
    rebuild_until: int = 0
    retry_at: int = 0
    sends: tuple[int, ...] = ()
    pauses: int = 0
    paused_for: str = ""
    paused_px: Decimal = ZERO
    alerts: tuple[Alert, ...] = field(default=())
    label: Label = "NONE"

    @property
    def entries(self) -> tuple[Leg, ...]:
        return tuple([leg for leg in self.legs if leg.kind == "E"])

    @property
    def exits(self) -> tuple[Leg, ...]:
        """The protective orders: lists and single stops."""
        return tuple([leg for leg in self.legs if leg.kind in {"L", "S"}])

    @property
    def closes(self) -> tuple[Leg, ...]:
        return tuple([leg for leg in self.legs if leg.kind == "C"])

    @property
    def net(self) -> Decimal:
        """What its orders have left it with; fees that are not known yet are not counted."""
        return sum((leg.cum - leg.fees if leg.kind == "E" else -leg.cum for leg in self.legs), -self.adj)

    @property
    def dropped(self) -> bool:
        """Whether an operator has given up what it held."""
        return self.close_reason == DROPPED

    @property
    def entry_works(self) -> bool:
        return any(leg.state in LIVE for leg in self.legs if leg.kind == "E")

    @property
    def entry_ended(self) -> bool:
        return not self.entry_works

    @property
    def replacing(self) -> bool:
        return self.rep_old > 0

    @property
    def trailing(self) -> bool:
        """Whether the replacement in progress raises the stop, or moves the levels; otherwise it resizes."""
        return self.rep_new > self.rep_old > 0 or self.rep_tp > 0

    @property
    def floor(self) -> Decimal:
        """The stop that counts while no exit is open: one that is being lowered counts as lowered."""
        return min(self.sl, self.rep_new) if self.rep_tp and not self.stage else self.sl

    @property
    def ceiling(self) -> Decimal:
        """The target that counts while no exit is open: one that is being raised counts as raised."""
        return max(self.tp, self.rep_tp) if not self.stage else self.tp

    def with_leg(self, leg: Leg) -> Trade:
        """The trade with this leg in place of the one with its client id, or added."""
        known = self.leg(leg.cid)
        if known is leg:
            return self
        if known is None:
            return copied(self, legs=(*self.legs, leg))
        return copied(self, legs=tuple(leg if each is known else each for each in self.legs))

    def leg(self, cid: str) -> Leg | None:
        return next((leg for leg in self.legs if leg.cid == cid), None)

    def next_gen(self, kind: LegKind) -> int:
        """The next generation; one that the venue has refused is used again, for nothing exists under it."""
        last = max((leg for leg in self.legs if leg.kind == kind), key=lambda leg: leg.gen, default=None)
        if last is None:
            return 1
        refused = last.state == "REJECTED" and last.refused and not last.ex_ids
        return last.gen if refused else last.gen + 1

    def alerted(self, code: str, severity: Severity, now: int, every: int = 0) -> Trade:
        """Raise an alert once, or again when `every` milliseconds have passed since the last time."""
        last = next((alert for alert in self.alerts if alert.code == code), None)
        if last and (not every or now - last.at < every):
            return self
        others = tuple(alert for alert in self.alerts if alert.code != code)
        return copied(self, alerts=(*others, Alert(code, severity, now)))

    def closing_for(self, reason: str, now: int) -> Trade:
        """The trade with the decision to close; the first reason is kept."""
        if self.close_reason:
            return self
        return copied(self, close_reason=reason).alerted(f"close: {reason}", "alert", now)

    def without_replacement(self) -> Trade:
        """A replacement for levels that were asked for ends with these levels given up."""
        move = "kept" if self.rep_tp else self.move
        return revised(self, rep_old=ZERO, rep_new=ZERO, stage=0, rep_tp=ZERO, move=move)


def planned(intent: Intent) -> Trade:
    """An accepted trade of which nothing was sent yet."""
    return Trade(intent, intent.sl, intent.tp)

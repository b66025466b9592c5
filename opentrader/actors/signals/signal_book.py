"""Owns the signals: one per pair, each pending until it is decided or expires."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields, replace
from functools import partial
from typing import Any, ClassVar, Literal, cast

from opentrader.actors.messages import (
    Cleanup,
    CleanUpSignals,
    ConfirmSignal,
    EmitSignal,
    PostSignal,
    RejectSignal,
    Signal,
    SignalChanged,
    SignalPosted,
)
from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message, Tick
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.domain.ports import Approvals, Positions, SignalStore
from opentrader.domain.signals import (
    Direction,
    PostStatus,
    SignalRecord,
    SignalStatus,
    decided,
    lapsed,
    refusal,
    swept,
)
from opentrader.errors import SignalNotFound

logger = logging.getLogger(__name__)

_MESSAGES = {
    "telegram_failed": "Stored and pending. No approval was requested: Telegram is not configured, or it failed.",
    "duplicate_skipped": "The same signal is already pending; nothing was changed.",
    "trade_exists_skipped": "A trade or an entry in this pair is open; nothing was stored.",
    "no_position_sell_skipped": "There is no position to sell; nothing was stored.",
}
_REPLY_FIELDS = frozenset(field.name for field in fields(Signal))


@dataclass(frozen=True, slots=True)
class SignalLimits:
    """The lifetime of a signal, and the limits on how often a bot may signal."""

    ttl_seconds: float = 300.0
    max_trades_day: int = 3
    cooldown_bars: int = 6


@dataclass(frozen=True, slots=True)
class SignalPut(Message[SignalPosted]):
    record: SignalRecord
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class SignalEmitted(Message[str]):
    record: SignalRecord
    bar_ms: int
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class Asked(Message[SignalPosted]):
    """Whether the approval request was sent to the operator."""

    record: SignalRecord
    outcome: Outcome[bool]


@dataclass(frozen=True, slots=True)
class EmittedAsked(Message[str]):
    """As `Asked`, for a signal that a bot emitted."""

    record: SignalRecord
    outcome: Outcome[bool]


@dataclass(frozen=True, slots=True)
class NoteSent(Message[None]):
    """Store with a signal that its approval was requested."""

    owner: ClassVar[str] = "signal_book"
    record: SignalRecord


@dataclass(frozen=True, slots=True)
class SignalNoted(Message[None]):
    record: SignalRecord
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class SignalDecided(Message[SignalChanged]):
    record: SignalRecord
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class SignalsSwept(Message[Cleanup]):
    expired: tuple[SignalRecord, ...]
    deleted: tuple[str, ...]
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class NoteLapsed(Message[None]):
    """Store which signals have expired by the clock."""

    owner: ClassVar[str] = "signal_book"
    own: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class LapsedNoted(Message[None]):
    records: tuple[SignalRecord, ...]
    outcome: Outcome[None]


class SignalBook(Actor):
    tick_seconds = 1.0

    def __init__(
        self, context: Context, store: SignalStore, positions: Positions, limits: SignalLimits, approvals: Approvals
    ) -> None:
        super().__init__(context)
        self._store = store
        self._positions = positions
        self._limits = limits
        self._approvals = approvals
        self._signals: Mapping[str, SignalRecord] = {}
        self._bars: dict[tuple[str, str], int] = {}
        self._noting = False

    def on_start(self) -> None:
        signals, self._bars = self._store.load()
        self._assign({signal.pair: signal for signal in signals})

    def exclusive_of(self, message: Message[Any]) -> str | None:
        """Every change waits until the previous one is durable: each is decided on the whole book."""
        return None if isinstance(message, Tick) else "book"

    @handles(Tick)
    def watch(self, message: Tick) -> None:
        if not self._noting and lapsed(self._signals.values(), message.at):
            self._noting = True
            self.context.tell(NoteLapsed())

    @handles(NoteLapsed)
    def note_lapsed(self, message: NoteLapsed) -> Reply[None] | None:
        """Store that the time of signals is over: a clock set back before the next start must not undo it."""
        self._noting, now = False, self.context.clock.steady()
        records = tuple(replace(record, lapsed_at=int(now)) for record in lapsed(self._signals.values(), now))
        if not records:
            return None
        return self.pipe(self._store.sweep(list(records), []), then=partial(LapsedNoted, records), exclusive="book")

    @handles(LapsedNoted)
    def lapsed_noted(self, message: LapsedNoted) -> None:
        message.outcome.unwrap()
        self._assign({**self._signals, **{record.pair: record for record in message.records}})

    @handles(PostSignal)
    def post(self, message: PostSignal) -> SignalPosted | Reply[SignalPosted]:
        pair, now = message.symbol, self.context.clock.steady()
        refused = self._refusal(message, now)
        if refused is not None:
            known = self._signals[pair] if refused == "duplicate_skipped" else None
            return post_reply(refused, pair, known, now)
        record = self._record(message, now)
        return self.pipe(self._store.keep(record), then=partial(SignalPut, record), exclusive="book")

    @handles(EmitSignal)
    def emit(self, message: EmitSignal) -> str | Reply[str]:
        now = self.context.clock.steady()
        skipped = self._why_not(message, now)
        if skipped is not None:
            return skipped
        record = self._record(message.post, now, **message.outlook)
        keep = self._store.keep(record, message.bar_ms)
        return self.pipe(keep, then=partial(SignalEmitted, record, message.bar_ms), exclusive="book")

    @handles(ConfirmSignal)
    def confirm(self, message: ConfirmSignal) -> Reply[SignalChanged]:
        return self._decide(message.symbol, "consumed")

    @handles(RejectSignal)
    def reject(self, message: RejectSignal) -> Reply[SignalChanged]:
        return self._decide(message.symbol, "skipped")

    @handles(CleanUpSignals)
    def clean_up(self, message: CleanUpSignals) -> Reply[Cleanup]:
        now = self.context.clock.steady()
        expired, deleted = swept(list(self._signals.values()), message.max_age_minutes * 60, now)
        return self._sweep(expired, deleted, now)

    @handles(SignalPut)
    def put(self, message: SignalPut) -> Reply[SignalPosted]:
        """The signal is stored: now request approval, without blocking other requests."""
        self._keep(message.record, message.outcome)
        return self.pipe(self._approvals.request_approval(message.record), then=partial(Asked, message.record))

    @handles(Asked)
    def asked(self, message: Asked) -> SignalPosted:
        status = self._approval_status(message.record, message.outcome)
        record = replace(message.record, notified=status == "pending")
        return post_reply(status, record.pair, record, self.context.clock.steady())

    @handles(SignalEmitted)
    def emitted(self, message: SignalEmitted) -> Reply[str]:
        self._keep(message.record, message.outcome)
        self._bars[message.record.pair, message.record.bot] = message.bar_ms
        return self.pipe(self._approvals.request_approval(message.record), then=partial(EmittedAsked, message.record))

    @handles(EmittedAsked)
    def asked_of(self, message: EmittedAsked) -> str:
        return self._approval_status(message.record, message.outcome)

    @handles(NoteSent)
    def note_sent(self, message: NoteSent) -> Reply[None] | None:
        """Serialized like any other change: the signal may have been decided or replaced in the meantime."""
        if self._signals.get(message.record.pair) != message.record:
            return None
        noted = replace(message.record, notified=True)
        return self.pipe(self._store.keep(noted), then=partial(SignalNoted, noted), exclusive="book")

    @handles(SignalNoted)
    def sent_noted(self, message: SignalNoted) -> None:
        self._keep(message.record, message.outcome)

    @handles(SignalDecided)
    def noted(self, message: SignalDecided) -> SignalChanged:
        self._keep(message.record, message.outcome)
        record = message.record
        status = cast(Literal["consumed", "skipped"], record.status)
        return SignalChanged(record.pair, status, signal_reply(record, self.context.clock.steady()))

    @handles(SignalsSwept)
    def cleaned(self, message: SignalsSwept) -> Cleanup:
        message.outcome.unwrap()
        changed = {record.pair: record for record in message.expired}
        left = {p: changed.get(p, record) for p, record in self._signals.items() if p not in message.deleted}
        self._assign(left)
        return Cleanup(
            expired=tuple(changed),
            deleted=message.deleted,
            count_expired=len(changed),
            count_deleted=len(message.deleted),
        )

    def _approval_status(self, record: SignalRecord, outcome: Outcome[bool]) -> PostStatus:
        if not (isinstance(outcome, Done) and outcome.value):
            return "telegram_failed"
        self.context.tell(NoteSent(record))
        return "pending"

    def _refusal(self, post: PostSignal, now: float) -> PostStatus | None:
        known, held = self._signals.get(post.symbol), self._positions.held(post.symbol)
        return refusal(post.symbol, cast(Direction, post.direction), post.bot, held=held, known=known, now=now)

    def _why_not(self, message: EmitSignal, now: float) -> str | None:
        """The first reason to skip a bot's signal: position, cooldown, duplicate, daily limit."""
        post, refused = message.post, self._refusal(message.post, now)
        if refused is not None and refused != "duplicate_skipped":
            return refused
        if post.direction == "buy" and self._positions.awaited(post.symbol):
            return "trade_exists_skipped"
        last_ms = self._bars.get((post.symbol, post.bot))
        if last_ms is not None and 0 <= message.bar_ms - last_ms < self._limits.cooldown_bars * message.bar_length_ms:
            return "cooldown"  # a signal on a future candle is from another feed or market time
        if refused is not None:
            return refused
        pending = sum(s.status_at(now) == "pending" for s in self._signals.values())
        full = pending + self._positions.trades_today() >= self._limits.max_trades_day
        return "daily_limit_reached" if full else None

    def _record(self, post: PostSignal, now: float, **extra: Any) -> SignalRecord:
        given = {k: v for k, v in asdict(post).items() if k not in ("symbol", "direction", "bot") and v is not None}
        direction, at = cast(Direction, post.direction), int(now)
        return SignalRecord(
            pair=post.symbol,
            direction=direction,
            bot=post.bot,
            status="pending",
            notified=False,
            created_at=at,
            updated_at=at,
            expires_at=int(now + self._limits.ttl_seconds),
            body=given | extra,
        )

    def _decide(self, pair: str, status: SignalStatus) -> Reply[SignalChanged]:
        record = decided(signal_of_pair(self._signals, pair), status, self.context.clock.steady())
        return self.pipe(self._store.keep(record), then=partial(SignalDecided, record), exclusive="book")

    def _sweep(self, expire: list[str], delete: list[str], now: float) -> Reply[Cleanup]:
        expired = [replace(self._signals[pair], status="expired", updated_at=int(now)) for pair in expire]
        done = partial(SignalsSwept, tuple(expired), tuple(delete))
        return self.pipe(self._store.sweep(expired, delete), then=done, exclusive="book")

    def _keep(self, record: SignalRecord, outcome: Outcome[None]) -> None:
        outcome.unwrap()
        before = self._signals.get(record.pair)
        if before is None or (before.created_at, before.status) != (record.created_at, record.status):
            logger.info("signal: %s %s by %s is %s", record.direction, record.pair, record.bot, record.status)
        self._assign({**self._signals, record.pair: record})

    def _assign(self, signals: Mapping[str, SignalRecord]) -> None:
        self._signals = signals
        self.publish(signals)


def signal_of_pair(signals: Mapping[str, SignalRecord], pair: str) -> SignalRecord:
    """The signal of a pair; raises `SignalNotFound`."""
    if pair not in signals:
        raise SignalNotFound(f"there is no signal for {pair}", hint="GET /api/signal/list shows all signals")
    return signals[pair]


def signal_reply(record: SignalRecord, now: float) -> Signal:
    """A signal as a reply, as of `now`."""
    body = {name: value for name, value in record.body.items() if name in _REPLY_FIELDS}
    return Signal(
        symbol=record.pair,
        direction=record.direction,
        bot=record.bot,
        status=record.status_at(now),
        notified=record.notified,
        created_at=record.created_at,
        updated_at=record.updated_at,
        expires_at=record.expires_at,
        age_sec=max(0, int(now - record.created_at)),
        **body,
    )


def post_reply(status: PostStatus, pair: str, record: SignalRecord | None, now: float) -> SignalPosted:
    """The reply to a post, with the stored signal."""
    signal = None if record is None else signal_reply(record, now)
    return SignalPosted(status=status, symbol=pair, signal=signal, message=_MESSAGES.get(status, "Stored and pending."))

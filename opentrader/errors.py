"""The error tree. Every error says what was wrong; `hint` says what to do about it.

    OpentraderError
     +-- InvalidInput              a value that the contract refuses
     +-- ConfigError               settings that cannot be used
     +-- NotFound
     |    +-- SymbolNotFound, SignalNotFound, AgentNotFound, LicenseKeyNotFound, PositionNotFound,
     |        PendingEntryNotFound
     +-- NotPossible               it exists, but not in a state that allows the request
     |    +-- SignalNotPending, SignalExpired, TradeExists, NoPosition, PendingEntryExists, TradingHalted,
     |        DailyLimitReached, RiskLimit, InsufficientBalance, OrderRejected, EntryWithdrawn, IdempotencyInProgress
     +-- LicenseRequired           the license gate
     +-- NotNow                    ask again later
     |    +-- Overloaded, NotReady, ShuttingDown
     |    +-- StorageError
     |         +-- StorageFull, StorageFailed
     +-- AskTimeout                no answer in time; the work may still go on
     +-- ExchangeError             the venue or the feed failed
     +-- TelegramError, TelegramNotConfigured
     +-- InternalError             a fault of our own

No HTTP in here: `http.problems` maps each to its status.
"""

from __future__ import annotations

from typing import ClassVar


class OpentraderError(Exception):
    """Base of all errors that are an answer rather than a fault of the program."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str, *, hint: str = "", **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.facts = facts  # named fields that travel with the answer, e.g. signal_status


class Fault:
    """One refused value: where it stands (`loc`), what is wrong, and pydantic's name for it (`type`)."""

    __slots__ = ("ctx", "input", "loc", "msg", "type")

    def __init__(
        self,
        loc: tuple[str | int, ...],
        msg: str,
        type: str,
        *,
        input: object = None,
        ctx: dict[str, object] | None = None,
    ) -> None:
        self.loc, self.msg, self.type, self.input, self.ctx = loc, msg, type, input, ctx


class InvalidInput(OpentraderError):
    """Values that the contract refuses, all of them at once."""

    code = "validation_error"

    def __init__(self, faults: list[Fault], *, hint: str = "") -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, f.loc))}: {f.msg}" for f in faults), hint=hint)
        self.faults = faults


class ConfigError(OpentraderError):
    """Settings that cannot be used; `detail` names every bad key, one a line."""

    code = "bad_request"


class NotFound(OpentraderError):
    code = "not_found"


class SymbolNotFound(NotFound):
    code = "symbol_not_found"


class SignalNotFound(NotFound):
    code = "signal_not_found"


class AgentNotFound(NotFound):
    code = "agent_not_found"


class LicenseKeyNotFound(NotFound):
    code = "license_key_not_found"


class PositionNotFound(NotFound):
    code = "position_not_found"


class PendingEntryNotFound(NotFound):
    code = "pending_entry_not_found"


class NotPossible(OpentraderError):
    """It exists, but not in a state that allows the request."""


class SignalNotPending(NotPossible):
    code = "signal_not_pending"


class SignalExpired(NotPossible):
    code = "signal_expired"


class TradeExists(NotPossible):
    code = "trade_exists"


class NoPosition(NotPossible):
    code = "no_position"


class PendingEntryExists(NotPossible):
    code = "pending_entry_exists"


class TradingHalted(NotPossible):
    code = "trading_halted"


class DailyLimitReached(NotPossible):
    code = "daily_limit_reached"


class RiskLimit(NotPossible):
    code = "risk_limit"


class InsufficientBalance(NotPossible):
    code = "insufficient_balance"


class OrderRejected(NotPossible):
    """The venue refused the order: surely nothing was done."""

    code = "order_rejected"


class EntryWithdrawn(NotPossible):
    """Somebody closed, halted or took the entry back, or its time was over, before it was sent."""

    code = "order_rejected"


class IdempotencyInProgress(NotPossible):
    """The first request with this key is still under way."""

    code = "idempotency_in_progress"


class LicenseRequired(OpentraderError):
    code = "license_required"


class NotNow(OpentraderError):
    """Nothing was done; the same request may be sent again after `retry_after` seconds."""

    code = "not_ready"
    retry_after: ClassVar[int] = 1


class Overloaded(NotNow):
    code = "overloaded"


class NotReady(NotNow):
    code = "not_ready"


class ShuttingDown(NotNow):
    code = "shutting_down"
    retry_after = 5


class StorageError(NotNow):
    """The store could not commit; nothing in memory changed, and unless it is `StorageFailed` nothing on the disk."""

    code = "storage_error"
    retry_after = 5


class StorageFull(StorageError):
    """There is no room on the disk."""


class StorageFailed(StorageError):
    """The disk failed: what it holds is not known before the file is opened anew. The daemon has to end."""


class AskTimeout(OpentraderError):
    """No answer in time. The actor's work was not cancelled and may still complete."""

    code = "timeout"


class ExchangeError(OpentraderError):
    """The venue, or the feed in its place, did not answer as it should."""

    code = "exchange_error"


class TelegramError(OpentraderError):
    """The bot's server refused, or did not answer in time: after a timeout the message may have arrived."""

    code = "telegram_error"


class TelegramNotConfigured(OpentraderError):
    """There is no bot to speak through."""

    code = "telegram_not_configured"


class InternalError(OpentraderError):
    code = "internal_error"

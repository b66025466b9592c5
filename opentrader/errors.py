"""The error tree. `detail` says what is wrong; `hint` says what to do about it.

    OpentraderError
     +-- InvalidInput              a value that the API refuses
     +-- ConfigError               invalid settings, or an unusable data folder
     +-- NotFound
     |    +-- SymbolNotFound, SignalNotFound, AgentNotFound, LicenseKeyNotFound, PositionNotFound,
     |        PendingEntryNotFound
     +-- NotPossible               the state does not allow the request
     |    +-- SignalNotPending, SignalExpired, TradeExists, NotInThisState, NoPosition, PendingEntryExists,
     |        TradingHalted, DailyLimitReached, RiskLimit, InsufficientBalance, OrderRejected, EntryWithdrawn,
     |        IdempotencyInProgress
     +-- LicenseRequired           the license gate
     +-- NotNow                    retry later
     |    +-- Overloaded, ShuttingDown
     |    +-- NotReady
     |    |    +-- Degraded
     |    +-- StorageError
     |         +-- StorageFull, StorageFailed
     +-- AskTimeout                no answer in time; the work may still complete
     +-- ExchangeError             the venue or the feed failed
     +-- TelegramError, TelegramNotConfigured
     +-- InternalError             a bug of opentrader

`http.problems` maps each error to its HTTP status.
"""

from __future__ import annotations

from typing import ClassVar


class OpentraderError(Exception):
    """Base of all errors that a caller can get as an answer."""

    code: ClassVar[str] = "internal_error"

    def __init__(self, detail: str, *, hint: str = "", **facts: object) -> None:
        super().__init__(detail)
        self.detail = detail
        self.hint = hint
        self.facts = facts  # extra fields of the answer, for example signal_status


class Fault:
    """One refused value: its location (`loc`), what is wrong (`msg`), and pydantic's name for that (`type`)."""

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
    """All the values of a request that the API refuses."""

    code = "validation_error"

    def __init__(self, faults: list[Fault], *, hint: str = "") -> None:
        super().__init__("; ".join(f"{'.'.join(map(str, f.loc))}: {f.msg}" for f in faults), hint=hint)
        self.faults = faults


class ConfigError(OpentraderError):
    """Invalid settings, one per line of `detail`; or a data folder or store that cannot be used."""

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
    """The object exists, but its state does not allow the request."""


class SignalNotPending(NotPossible):
    code = "signal_not_pending"


class SignalExpired(NotPossible):
    code = "signal_expired"


class TradeExists(NotPossible):
    code = "trade_exists"


class NotInThisState(NotPossible):
    """The trade is in a state in which this cannot be done to it."""

    code = "not_in_this_state"


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
    """The venue refused the order; it was definitely not placed."""

    code = "order_rejected"


class EntryWithdrawn(NotPossible):
    """The entry was cancelled, closed, halted or past its TTL before it was sent."""

    code = "order_rejected"


class IdempotencyInProgress(NotPossible):
    """The first request with this key is still in progress."""

    code = "idempotency_in_progress"


class LicenseRequired(OpentraderError):
    code = "license_required"


class NotNow(OpentraderError):
    """Nothing was done; retry the same request after `retry_after` seconds."""

    code = "not_ready"
    retry_after: ClassVar[int] = 1


class Overloaded(NotNow):
    code = "overloaded"


class NotReady(NotNow):
    code = "not_ready"


class Degraded(NotReady):
    """The disk commits too slowly for an entry."""

    retry_after = 5


class ShuttingDown(NotNow):
    code = "shutting_down"
    retry_after = 5


class StorageError(NotNow):
    """The store could not commit. Nothing changed in memory, and on the disk only if it is `StorageFailed`."""

    code = "storage_error"
    retry_after = 5


class StorageFull(StorageError):
    """The disk is full."""


class StorageFailed(StorageError):
    """The disk failed. Its contents are unknown until the file is reopened, so the daemon must exit."""


class AskTimeout(OpentraderError):
    """No answer in time. The work of the actor was not cancelled and may still complete."""

    code = "timeout"


class ExchangeError(OpentraderError):
    """The venue or the feed failed, or its answer was invalid."""

    code = "exchange_error"


class TelegramError(OpentraderError):
    """The Bot API refused, or did not answer in time. After a timeout the message may have arrived."""

    code = "telegram_error"


class TelegramNotConfigured(OpentraderError):
    """No Telegram bot is configured."""

    code = "telegram_not_configured"


class InternalError(OpentraderError):
    code = "internal_error"

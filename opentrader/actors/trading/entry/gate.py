"""The entry gate: whether an entry may be sent now, and if not, why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opentrader.domain.trading.ledger import Control, SymbolHalt
from opentrader.domain.trading.pages import Blind
from opentrader.errors import Degraded, LicenseRequired, NotReady, OpentraderError, StorageError, TradingHalted

ACCOUNT_SECONDS = 15.0  # an entry is not sent on an account that was read longer ago


@dataclass(frozen=True, slots=True)
class GateState:
    """What the gate depends on. `halt`: that of the symbol, and `unsearched`: why its trades could not be read.

    `degraded`: why the last read of the account failed.

    The disk (`slow`, `roomy`) and the license are asked last, and only if nothing before them bars.
    """

    control: Control
    reconciled: bool
    account_known: bool
    degraded: str
    slow: Callable[[], bool]
    roomy: Callable[[], bool]
    licensed: Callable[[], bool]
    halt: SymbolHalt | None = None
    unsearched: Blind | None = None


def refusal(state: GateState) -> OpentraderError | None:
    """The first reason that bars entries, in the order of the API; None if the gate is open."""
    if (halted := halt_of(state)) is not None:
        return halted
    if not state.reconciled or not state.account_known:
        return NotReady("the account and its orders have not been read yet", hint="retry in a few seconds")
    if state.unsearched is not None:
        why = f"the trades in this symbol have not been read since the start: {state.unsearched.why}"
        return NotReady(why, hint="the daemon goes on trying; other symbols are open for entries")
    if state.degraded:
        return NotReady(f"the account could not be read: {state.degraded}", hint="retry in a few seconds")
    if state.slow():
        return Degraded("the disk is slow: commits take longer than 500 ms", hint="exits still work; retry later")
    if not state.roomy():
        return StorageError("the disk is almost full", hint="free disk space; exits still work")
    if not state.licensed():
        return LicenseRequired(
            "a license is required for entries", hint="register it for free: POST /api/license/register"
        )
    return None


def halt_of(state: GateState) -> TradingHalted | None:
    """What bars entries until an operator, or the end of a closeall, allows them again."""
    if state.control.halted:
        return TradingHalted(f"trading is halted: {state.control.reason}", hint="the operator can resume trading")
    if state.control.closeall_since is not None:
        return TradingHalted("a closeall is in progress", hint="entries are allowed again once it has ended")
    if state.halt is None:
        return None
    why = f"entries of {state.halt.symbol} are halted: {state.halt.reason}"
    return TradingHalted(why, hint="the operator can resume trading in this symbol; others are open for entries")


def stale(age: float) -> str:
    """Why an account that was read so many seconds ago bars an entry; an empty string if it does not."""
    return f"the account was read {age:.0f} s ago" if age > ACCOUNT_SECONDS else ""

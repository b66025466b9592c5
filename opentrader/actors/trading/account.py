"""The account as last read."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal

from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.replies.snapshot import AccountReading
from opentrader.domain.ports import Clock
from opentrader.domain.symbols import QUOTE
from opentrader.domain.trading.exchange import Exchange
from opentrader.errors import SymbolNotFound

ACCOUNT_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class ReadAccount(Message[None]):
    """Read the account now; it is also read every few seconds."""

    owner = "position_manager"
    own = True


@dataclass(frozen=True, slots=True)
class AccountRead(Message[None]):
    outcome: Outcome[AccountReading]


class AccountReader(TradingPart):
    """The latest reading, and why the one after it failed, if it did; a failed one blocks entries.

    `first` is called after the first successful read.
    """

    def __init__(self, desk: Desk, first: Callable[[], Reply[None] | None]) -> None:
        super().__init__(desk)
        self.reading: AccountReading | None = None
        self.degraded = ""
        self._first, self._asked_at = first, -ACCOUNT_SECONDS

    def tick(self, at: float) -> None:
        """Read the account every few seconds of wall time."""
        if at - self._asked_at >= ACCOUNT_SECONDS:
            self._asked_at = at
            self.read(ReadAccount())

    @handles(ReadAccount)
    def read(self, message: ReadAccount) -> Reply[None]:
        return self.links.pipe(account_of(self._exchange, self.links.clock), then=AccountRead)

    @handles(AccountRead)
    def learn(self, message: AccountRead) -> Reply[None] | None:
        if not isinstance(message.outcome, Done):
            self.degraded = message.outcome.error.detail
            self._show()
            return None
        first = self.reading is None
        self.reading, self.degraded = message.outcome.value, ""
        self._show()
        return self._first() if first else None


async def account_of(exchange: Exchange, clock: Clock) -> AccountReading:
    """The balances, and the prices of the assets that have a market against the quote currency."""
    balances = await exchange.balances()
    prices: dict[str, Decimal] = {}
    for asset, balance in balances.items():
        if asset != QUOTE and balance.total > 0:
            with suppress(SymbolNotFound):  # a coin without a market at this exchange counts as worthless
                prices[asset] = (await exchange.ticker(asset + QUOTE)).last
    return AccountReading(quote=QUOTE, balances=balances, prices=prices, at=clock.market_ms())

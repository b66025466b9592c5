"""The account as last read."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.replies.snapshot import AccountReading
from opentrader.domain.symbols import QUOTE
from opentrader.domain.trading.exchange import Exchange, GarbledAnswer
from opentrader.domain.trading.venue import Balance

ACCOUNT_SECONDS = 30.0  # between two reads, apart from those that our own fills ask for
RETRY_SECONDS = 5.0  # after one that failed


@dataclass(frozen=True, slots=True)
class ReadAccount(Message[None]):
    """Read the account now; it is also read every half minute, and after our own fills."""

    owner = "position_manager"
    own = True


@dataclass(frozen=True, slots=True)
class AccountRead(Message[None]):
    outcome: Outcome[AccountReading]


class AccountReader(TradingPart):
    """The latest reading, and why the one after it failed, if it did; a failed one blocks entries.

    One read is in flight, and one that others have asked for within a poll serves as well. `first` is called after the
    first successful read.
    """

    def __init__(self, desk: Desk, first: Callable[[], Reply[None] | None]) -> None:
        super().__init__(desk)
        self.reading: AccountReading | None = None
        self.degraded = ""
        self._first, self._asked_at = first, -ACCOUNT_SECONDS
        self._under_way: Reply[None] | None = None
        self._again = False

    def tick(self, at: float) -> None:
        """Read the account every half minute."""
        pause = RETRY_SECONDS if self.degraded or self.reading is None else ACCOUNT_SECONDS
        if at - self._asked_at >= pause:
            self._asked_at = at
            self._ask(self._rules.poll)

    def changed(self) -> None:
        """An order of ours has filled: what was read is old."""
        self._again = self._under_way is not None
        self._ask(self._rules.poll)

    @handles(ReadAccount)
    def read(self, message: ReadAccount) -> Reply[None]:
        return self._ask(0)

    def _ask(self, max_age: int) -> Reply[None]:
        """A second question waits for the answer to the first one."""
        if self._under_way is None:
            work = account_of(self._exchange, self.reading, max_age)
            self._under_way = self.links.pipe(work, then=AccountRead)
        return self._under_way

    @handles(AccountRead)
    def learn(self, message: AccountRead) -> Reply[None] | None:
        self._under_way = None
        if isinstance(message.outcome, Done):
            reply = self.take(message.outcome.value)
        else:
            self.degraded, reply = message.outcome.error.detail, None
            self._show()
        if self._again:
            self._again = False
            self._ask(self._rules.poll)
        return reply

    def take(self, reading: AccountReading) -> Reply[None] | None:
        """A reading that was made, here or for a quote; an older one than what is known changes nothing."""
        first = self.reading is None
        if self.reading is None or reading.at >= self.reading.at:
            self.reading, self.degraded = reading, ""
            self._show()
        return self._first() if first else None


async def account_of(exchange: Exchange, before: AccountReading | None, max_age: int = 0) -> AccountReading:
    """The balances, and the prices of the assets that have a market against the quote currency.

    The assets of the reading before are asked for together with the balances, others after them. A coin without a
    market at this exchange counts as worthless, and so does one whose balance cannot be read.

    Raises `GarbledAnswer` if the balance of the quote currency cannot be read.
    """
    known = set(_markets(before.balances)) if before is not None else set()
    account, prices = await asyncio.gather(exchange.account(max_age), exchange.prices(known))
    if QUOTE in account.unreadable:
        raise GarbledAnswer(f"the balance of {QUOTE} cannot be read", hint="it is asked again soon")
    held = _markets(account.balances)
    if new := held.keys() - known:
        prices = {**prices, **await exchange.prices(new)}
    last = {held[symbol]: ticker.last for symbol, ticker in prices.items() if symbol in held}
    return AccountReading(
        quote=QUOTE, balances=account.balances, prices=last, at=account.at, unreadable=account.unreadable
    )


def _markets(balances: Mapping[str, Balance]) -> dict[str, str]:
    """The symbols in which the assets that are held trade against the quote currency, and the assets."""
    return {asset + QUOTE: asset for asset, held in balances.items() if asset != QUOTE and held.total > 0}

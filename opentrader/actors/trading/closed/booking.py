"""The rows of closed trades: booked at once, and again until the exchange has told of every fill.

A row says whether its fees are known. Until then it is provisional: it holds the highest fees that the fills still to
come can have, so that neither the day's loss nor an answer is better than the truth.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import partial

from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Done, Outcome
from opentrader.actors.runtime.reply import Reply
from opentrader.actors.trading.desk import Desk, TradingPart
from opentrader.actors.trading.log import log_booked_again, log_closed
from opentrader.actors.trading.replies.outcomes import closed
from opentrader.actors.trading.replies.presenter import bought
from opentrader.domain.symbols import QUOTE
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import Trade, own_fills
from opentrader.domain.trading.looks import Watch
from opentrader.domain.trading.ports import Change
from opentrader.domain.trading.profit import merged
from opentrader.domain.trading.venue import Fill, Filters

ONE = Decimal(1)
HIGHEST_RATE = Decimal("0.01")
"""The fees of fills that were never read, in a market of which nothing can be read, are not higher than this."""


@dataclass(frozen=True, slots=True)
class FillsRead(Message[None]):
    """The fills of the account since the start of a closed trade."""

    id: str
    outcome: Outcome[tuple[Fill, ...]]


@dataclass(frozen=True, slots=True)
class TradeBooked(Message[None]):
    """A closed trade is in the history."""

    id: str
    row: ClosedTrade | None
    outcome: Outcome[None]


class Booking(TradingPart):
    """Writes the rows. `ended` gives further changes for the commit of the first row of a trade; `changed` is called
    once a row is durable; `done` when that is so, or when nothing new was learned, with the id and the pair.
    """

    def __init__(
        self,
        desk: Desk,
        *,
        ended: Callable[[ClosedTrade], tuple[Change, ...]],
        changed: Callable[[Trade | None, Trade], None],
        done: Callable[[str, str], None],
    ) -> None:
        super().__init__(desk)
        self._ended, self._changed, self._done = ended, changed, done
        self._under_way: set[str] = set()

    def is_due(self, key: str, *, again: bool) -> bool:
        """Whether a trade is closed, and not booked yet; or only provisionally, and may be booked `again`."""
        trade = self.book.trades.get(key)
        if trade is None or key in self._under_way or not self.book.is_over(trade):
            return False
        if trade.intent.symbol not in self.book.filters and not self.book.is_given_up(trade):
            return False  # the rules of its market have not been read since the start
        row = self.book.rows.get(key)
        return key not in self.book.rows or (again and row is not None and row.provisional)

    def begin(self, key: str) -> Reply[None]:
        """Book a trade; its fills are read unless all of them are stored."""
        trade = self.book.trades[key]
        self._under_way.add(key)
        row = self._row(trade, self._journal.fills(key))
        read = fills_of(self._exchange, trade) if row is not None and not row.fees_known else no_fills()
        return self.links.pipe(read, then=partial(FillsRead, key), exclusive=trade.intent.symbol)

    @handles(FillsRead)
    def count(self, message: FillsRead) -> Reply[None] | None:
        key, now = message.id, self.links.clock.market_ms()
        trade, before = self.book.trades[key], self.book.rows.get(key)
        read = message.outcome.value if isinstance(message.outcome, Done) else ()
        fills = merged(self._journal.fills(key), own_fills(trade, read))
        row = self._row(trade, fills)
        if row is not None and row == before:
            self._under_way.discard(key)
            self.book.schedule(trade, now)
            self._done(key, trade.intent.symbol)
            return None
        also = self._ended(row) if row is not None and before is None else ()
        event = "closed" if before is None else "booked again"
        keep = self._journal.finish(trade, row, event, now, fills=fills, also=also)
        return self.links.pipe(keep, then=partial(TradeBooked, key, row), exclusive=trade.intent.symbol)

    @handles(TradeBooked)
    def booked(self, message: TradeBooked) -> None:
        key = message.id
        self._under_way.discard(key)
        message.outcome.unwrap()
        before = self.book.rows.get(key)
        log = log_closed if before is None else log_booked_again
        log(self.book.trades[key], message.row)
        trade = self.book.closed(key, message.row, self.links.clock.market_ms())
        self._changed(trade, trade)
        self._done(key, trade.intent.symbol)

    def _row(self, trade: Trade, fills: Sequence[Fill]) -> ClosedTrade | None:
        """A row that is booked again keeps the time of the first booking, where no sale tells another."""
        before, pair = self.book.rows.get(trade.intent.id), trade.intent.symbol
        at = before.closed_at * 1000 if before else self.links.clock.market_ms()
        filters = self.book.filters.get(pair) or rules_of_an_unreadable(pair)
        return closed(trade, fills, filters, self.book.marks.get(pair, trade.intent.px), at)


def rules_of_an_unreadable(pair: str) -> Filters:
    """Of a market that is not listed any more, for the row of a trade that was dropped there."""
    base = pair.removesuffix(QUOTE)
    return Filters(pair, base, QUOTE, tick=ONE, step=ONE, min_qty=ONE, min_notional=ONE, taker_rate=HIGHEST_RATE)


async def fills_of(exchange: Exchange, trade: Trade) -> tuple[Fill, ...]:
    """The fills of the account since the start of a trade; none if it never bought."""
    if not bought(trade):
        return ()
    since = min(leg.sent_at for leg in trade.legs)
    view = await exchange.look(Watch(trade.intent.symbol, parts=frozenset({"fills"}), since=since))
    return view.fills or ()


async def no_fills() -> tuple[Fill, ...]:
    """Nothing needs to be read."""
    return ()

"""The trades of the daemon, when each is looked at next, and what is known of their markets. No actor, no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal

from opentrader.actors.trading.replies.presenter import executed, held, is_open, is_over
from opentrader.domain.timeframes import DAY_MS
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.lifecycle import LifecycleSettings, Trade, next_poll
from opentrader.domain.trading.venue import ZERO, Filters, Others


class TradeBook:
    """Owned by one actor, on its thread. Instants are Unix milliseconds of market time, keys are ids of trades.

    `trades` are watched: open ones, and closed ones for as long as late facts may come. `planned` are those whose
    intents are being committed. `rows` are the rows in the history of closed trades, None where the entry never
    filled. `unread` are the trades that no read has shown since the start.
    """

    def __init__(self, rules: LifecycleSettings) -> None:
        self.trades: dict[str, Trade] = {}
        self.planned: dict[str, Trade] = {}
        self.rows: dict[str, ClosedTrade | None] = {}
        self.marks: dict[str, Decimal] = {}  # pair -> last price
        self.filters: dict[str, Filters] = {}
        self.unread: set[str] = set()
        self._due: dict[str, int] = {}
        self._rules = rules

    def load(self, trades: Iterable[Trade], rows: Mapping[str, ClosedTrade], over: Iterable[str], now: int) -> None:
        """Begin with the trades of the journal, the rows of today, and those of the trades in `over`."""
        for trade in trades:
            self.resume(trade)
        self.unread = set(self.trades)
        self.rows = {key: row for key, row in rows.items() if row.closed_at * 1000 >= now - now % DAY_MS}
        self.rows |= {key: rows.get(key) for key in over}

    def resume(self, trade: Trade) -> None:
        """Add a trade that is durable; it is due at once."""
        self.trades[trade.intent.id] = trade
        self.hurry(trade.intent.id)

    # --- when to look

    def hurry(self, key: str) -> None:
        """Look at a trade at the next opportunity."""
        self._due[key] = 0

    def postpone(self, key: str, now: int) -> None:
        """Nothing was learned: look again after one poll."""
        self._due[key] = now + self._rules.poll

    def schedule(self, trade: Trade, now: int) -> None:
        """Look when the lifecycle wants to; a closed trade that needs no look anymore leaves the book."""
        wait = next_poll(trade, now, self._rules)
        if wait is not None:
            self._due[trade.intent.id] = now + wait
            return
        self._due.pop(trade.intent.id, None)
        if trade.intent.id in self.rows:
            self.trades.pop(trade.intent.id, None)

    def due_pairs(self, now: int) -> list[str]:
        return sorted({self.trades[key].intent.symbol for key, at in self._due.items() if at <= now})

    def due(self, pair: str, now: int) -> tuple[str, ...]:
        """The trades of a pair that are due."""
        return tuple(key for key in self.of(pair) if self._due.get(key, now + 1) <= now)

    def of(self, pair: str) -> tuple[str, ...]:
        """The trades of a pair, oldest first."""
        return tuple(key for key, trade in self.trades.items() if trade.intent.symbol == pair)

    # --- what was learned

    def quoted(self, pair: str, filters: Filters, last: Decimal | None) -> None:
        """The rules and the price of a market, as just read."""
        self.filters[pair] = filters
        if last is not None:
            self.marks[pair] = last

    def assign(self, trade: Trade, now: int) -> Trade | None:
        """Put a new state of a trade in place of the one before, which is returned.

        Late fills open a closed trade again, or make its row incomplete.
        """
        before = self.trades.get(trade.intent.id)
        self.trades[trade.intent.id] = trade
        if is_open(trade, self.least(trade)) or executed(before) != executed(trade):
            self.rows.pop(trade.intent.id, None)
        self.schedule(trade, now)
        return before

    def closed(self, key: str, row: ClosedTrade | None, now: int) -> Trade:
        """A closed trade is in the history. The book keeps the rows of today, and of trades that are watched."""
        midnight = (now - now % DAY_MS) // 1000
        self.rows[key] = row
        self.rows = {
            each: kept
            for each, kept in self.rows.items()
            if each in self.trades or (kept is not None and kept.closed_at >= midnight)
        }
        trade = self.trades[key]
        self.schedule(trade, now)
        return trade

    # --- questions

    def known(self) -> tuple[Trade, ...]:
        """The trades and those whose intents are being committed."""
        return (*self.trades.values(), *self.planned.values())

    def least(self, trade: Trade) -> Decimal:
        """The smallest quantity of its base that can be sold at the last known price; 0 if the rules are unknown."""
        filters = self.filters.get(trade.intent.symbol)
        if filters is None:
            return ZERO
        price = self.marks.get(trade.intent.symbol, trade.sl)
        return max(filters.min_qty, filters.min_notional / price)

    def is_over(self, trade: Trade) -> bool:
        return is_over(trade, self.least(trade))

    def stays_booked(self, trade: Trade) -> bool:
        """Whether a new state of a trade leaves it closed, and its row as it is."""
        return trade.intent.id in self.rows and self.is_over(trade)

    def has_ended(self, key: str) -> bool:
        """Whether a trade is booked, or watched no longer."""
        return key in self.rows or key not in self.trades

    def others(self, trade: Trade, filters: Filters) -> Others:
        """What other trades hold of the same base, rest on their exits, and have in flight."""
        base_of = {pair: known.base for pair, known in self.filters.items()}
        others = [
            other
            for key, other in self.trades.items()
            if key != trade.intent.id and base_of.get(other.intent.symbol) == filters.base
        ]
        return Others(
            sum((max(ZERO, held(other)) for other in others), ZERO),
            sum((leg.rest for other in others for leg in other.exits if leg.open), ZERO),
            any(leg.in_flight for other in others for leg in other.legs),
        )

    def pnl_today(self, now: int) -> Decimal:
        """The realized profit and loss since 00:00 UTC."""
        midnight = (now - now % DAY_MS) // 1000
        return sum((row.pnl for row in self.rows.values() if row and row.closed_at >= midnight), ZERO)

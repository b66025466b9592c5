"""The snapshot that PositionManager publishes: trades, account and control at one point in time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from operator import attrgetter
from typing import NamedTuple

from opentrader.actors import messages
from opentrader.actors.trading.replies.presenter import entry_reply, is_entering, is_open, is_pending, trade_reply
from opentrader.domain.trading.ledger import Control, SymbolHalt
from opentrader.domain.trading.lifecycle import BINANCE, LifecycleSettings
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.domain.trading.pages import Blind
from opentrader.domain.trading.venue import ZERO, Balance, Filters


@dataclass(frozen=True, slots=True)
class AccountReading:
    """One read of the account; `prices` are those of its assets in the quote currency, where known.

    `unreadable`: assets whose balance could not be read; never the quote currency.
    """

    quote: str
    balances: Mapping[str, Balance]
    prices: Mapping[str, Decimal]
    at: int  # market milliseconds
    unreadable: frozenset[str] = frozenset()

    @property
    def cash(self) -> Balance:
        return self.balances.get(self.quote, Balance(ZERO, ZERO))

    @property
    def equity(self) -> Decimal:
        """The value of the account in the quote currency; an asset without a price counts as 0."""
        others = (b.total * self.prices[asset] for asset, b in self.balances.items() if asset in self.prices)
        return self.cash.total + sum(others, ZERO)


class Shown(NamedTuple):
    """A reply, and what it was made of; None for a trade that was not open."""

    trade: Trade
    mark: Decimal | None
    filters: Filters | None
    reply: messages.TradeReply | None

    def still_holds(self, trade: Trade, mark: Decimal | None, filters: Filters | None) -> bool:
        """Whether nothing has changed. How long a trade has been bare changes with the time."""
        return self.trade is trade and self.filters is filters and self.mark == mark and not trade.bare_at


class ShownTrades:
    """The replies of trades as they were made last: one is made anew where its trade, price or rules have changed.

    Shared by the snapshots of one actor. Any thread: two that come at once make the same.
    """

    def __init__(self) -> None:
        self._made: dict[str, Shown] = {}

    def of(self, snapshot: TradingSnapshot, now_ms: int) -> list[messages.TradeReply]:
        """The open trades of a snapshot."""
        known, made = self._made, dict[str, Shown]()
        for trade in snapshot.trades:
            key, pair = trade.intent.id, trade.intent.symbol
            mark, filters, shown = snapshot.marks.get(pair), snapshot.filters.get(pair), known.get(key)
            if shown is None or not shown.still_holds(trade, mark, filters):
                reply = trade_reply(trade, mark, now_ms, filters) if snapshot.is_open(trade) else None
                shown = Shown(trade, mark, filters, reply)
            made[key] = shown
        self._made = made
        return [shown.reply for shown in made.values() if shown.reply is not None]


@dataclass(frozen=True, slots=True)
class TradingSnapshot:
    """`restored`: unverified trades that were restored manually; they are never traded on.

    `shown_at`: when the venue has last shown an order, by client order id; `blind`: symbols that cannot be read at all;
    `unsearched`: those that the search for trades could not read; `halts`: symbols in which no entry is allowed.
    `rules`: how often which order is read now. `begun`: when this life of PositionManager began, having read nothing.
    """

    trades: tuple[Trade, ...] = ()
    restored: tuple[messages.TradeReply, ...] = ()
    marks: Mapping[str, Decimal] = field(default_factory=dict)
    filters: Mapping[str, Filters] = field(default_factory=dict)
    followed: tuple[str, ...] = ()  # the pairs in which something is held, whose prices are wanted
    account: AccountReading | None = None
    control: Control = field(default_factory=Control)
    trades_today: int = 0
    pnl_today: Decimal = ZERO
    reconciled: bool = False
    degraded: str = ""  # why the last read of the account failed
    shown_at: Mapping[str, int] = field(default_factory=dict)
    blind: Mapping[str, Blind] = field(default_factory=dict)
    rules: LifecycleSettings = BINANCE
    unsearched: Mapping[str, Blind] = field(default_factory=dict)
    halts: Mapping[str, SymbolHalt] = field(default_factory=dict)
    begun: int = 0  # market milliseconds
    shown: ShownTrades = field(default_factory=ShownTrades, compare=False)

    def least(self, pair: str) -> Decimal:
        """The smallest quantity that can be sold."""
        filters, mark = self.filters.get(pair), self.marks.get(pair)
        if filters is None:
            return ZERO
        return max(filters.min_qty, filters.min_notional / mark) if mark else filters.min_qty

    def is_open(self, trade: Trade) -> bool:
        return is_open(trade, self.least(trade.intent.symbol))

    def open_trades(self, pair: str | None = None) -> list[Trade]:
        """The open positions, of all pairs or of one."""
        return [x for x in self.trades if pair in (None, x.intent.symbol) and self.is_open(x)]

    def entering(self, pair: str) -> list[Trade]:
        """Market entries in flight."""
        return [x for x in self.trades if x.intent.symbol == pair and is_entering(x)]

    def pending(self) -> list[Trade]:
        return [x for x in self.trades if is_pending(x)]

    def trade_replies(self, now_ms: int) -> tuple[messages.TradeReply, ...]:
        """The open trades as replies, oldest first."""
        return tuple(sorted((*self.shown.of(self, now_ms), *self.restored), key=attrgetter("opened_at", "id")))

    def entry_replies(self) -> tuple[messages.PendingEntry, ...]:
        return tuple(entry_reply(trade) for trade in sorted(self.pending(), key=lambda x: x.intent.id))


def is_busy(snapshot: TradingSnapshot, pair: str) -> bool:
    """Whether a symbol has a trade that is open, is being opened, or was restored manually."""
    held = snapshot.open_trades(pair) or snapshot.entering(pair)
    return bool(held) or any(x.symbol == pair for x in snapshot.restored)


class SnapshotPositions:
    """The port `Positions`, answered from the snapshot of PositionManager. Any thread; never waits."""

    def __init__(self, snapshot: Callable[[], TradingSnapshot]) -> None:
        self._snapshot = snapshot

    def held(self, pair: str) -> bool:
        return is_busy(self._snapshot(), pair)

    def awaited(self, pair: str) -> bool:
        return any(x.intent.symbol == pair for x in self._snapshot().pending())

    def trades_today(self) -> int:
        return self._snapshot().trades_today

    def halted(self) -> bool:
        control = self._snapshot().control
        return control.halted or control.closeall_since is not None


def portfolio(account: AccountReading, venue: str, now: int) -> messages.Portfolio:
    """The account as a reply: the balance of the quote currency, then all other non-zero holdings."""
    cash = account.cash
    balance = messages.BalanceReply(float(cash.total), float(cash.free), float(cash.locked))
    holdings = tuple(
        _holding(asset, held, account.prices.get(asset))
        for asset, held in sorted(account.balances.items())
        if asset != account.quote and held.total > 0
    )
    return messages.Portfolio(
        exchange=venue,
        mode="paper",
        quote=account.quote,
        balance=balance,
        holdings=holdings,
        equity=float(account.equity),
        can_short=False,
        timestamp=now,
    )


def _holding(asset: str, held: Balance, price: Decimal | None) -> messages.Holding:
    value = None if price is None else float(held.total * price)
    return messages.Holding(
        asset=asset,
        free=float(held.free),
        locked=float(held.locked),
        total=float(held.total),
        price=None if price is None else float(price),
        value=value,
    )

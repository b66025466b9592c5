"""The money: every closed row, and the run as a whole, is what the venue's ledger says, to the last digit.

The ledger is the witness: its fills by the client id of their order, the prices of the market at the time of each, and
the totals of the account. What the daemon has read of all that is what is judged.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import orjson
from apsw import Connection

from opentrader.domain.trading.lifecycle.ids import ours
from opentrader.domain.trading.venue import Fill
from opentrader.store.sqlite.codec import parsed

if TYPE_CHECKING:
    from tests.simulation.simulation import Simulation

ZERO = Decimal(0)
QUOTE = "USDT"
STALE_SECONDS = 180.0  # of good time: a late order is looked for every 30 s
PROVISIONAL_SECONDS = 900.0  # of good time: the fills of a closed trade are asked for again and again
UNBOOKED_SECONDS = 180.0  # of good time, from the first sight of a trade that is closed and has no row
READ_SECONDS = 30  # a row may be older than its event says by as much as a read took


@dataclass
class Book:
    """What the venue has done for one trade of ours."""

    symbol: str = ""
    bought: Decimal = ZERO
    sold: Decimal = ZERO
    fees: dict[str, Decimal] = field(default_factory=lambda: defaultdict(Decimal))
    other_fees: Decimal = ZERO  # in quote currency
    paid: Decimal = ZERO
    got: Decimal = ZERO
    filled_at: int = 0  # when the last fill was committed

    @property
    def base(self) -> str:
        return self.symbol.removesuffix(QUOTE)

    def net(self, base: str) -> Decimal:
        return self.bought - self.sold - self.fees[base]

    @property
    def profit(self) -> Decimal:
        return self.got - self.paid - self.fees[QUOTE] - self.other_fees


@dataclass(frozen=True, slots=True)
class Row:
    """A closed row of the daemon, and when it was committed."""

    id: str
    pnl: Decimal
    known: bool
    left: Decimal | None
    at: int


class Accountant:
    """Compares what the daemon has booked with `books`, which the judge keeps up to date."""

    def __init__(
        self,
        simulation: Simulation,
        journal: Connection,
        ledger: Connection,
        books: Mapping[str, Book],
        found: Callable[[str, str], None],
    ) -> None:
        self._sim, self._journal, self._ledger = simulation, journal, ledger
        self._books, self._found = books, found
        self._since: dict[str, float] = {}  # what is wrong for now -> good time of its first sight

    def check(self, good: float, ended: set[str]) -> None:
        """`good`: seconds of good time so far. `ended`: the tails of trades that the daemon holds for closed."""
        now: dict[str, float] = {}
        rows = {row.id[-8:]: row for row in self._rows()}
        for tail, row in rows.items():
            for limit, wrong in self._wrong(row, self._books[tail]):
                now[wrong] = self._since.get(wrong, good)
                if good - now[wrong] >= limit:
                    self._found("money", wrong)
        for tail in ended - rows.keys():
            if self._books[tail].bought:
                now[tail] = self._since.get(tail, good)
                if good - now[tail] > UNBOOKED_SECONDS:
                    self._found("money", f"{tail} is closed, and has no row")
        self._since = now

    def _wrong(self, row: Row, book: Book) -> Iterator[tuple[float, str]]:
        """What is wrong with a row, each with how long it may be."""
        stale = STALE_SECONDS if book.filled_at > row.at - READ_SECONDS * 1000 * self._sim.clock.speed else 0.0
        if not row.known:
            yield PROVISIONAL_SECONDS, f"{row.id} is booked provisionally"
            if row.pnl > book.profit:
                yield stale, f"{row.id}: booked {row.pnl} at worst, the ledger says {book.profit}"
            return
        if row.pnl != book.profit:
            yield stale, f"{row.id}: booked {row.pnl}, the ledger says {book.profit}"
        left = book.net(book.base)
        if row.left != left:
            yield stale, f"{row.id}: {row.left} is said to be left over, the ledger says {left}"
        for fill in self._fills(row.id):
            if (told := self._told(fill)) != fill:
                yield 0.0, f"{row.id}: {fill} is kept, the ledger says {told}"

    def closing(self) -> None:
        """Over the run as a whole: what the rows and the open trades have earned is what the account has gained."""
        rows = [row for row in self._rows() if row.known and self._books[row.id[-8:]].filled_at <= row.at]
        booked = {row.id[-8:] for row in rows}
        unbooked = (book.profit for tail, book in self._books.items() if tail not in booked)
        earned = sum((row.pnl for row in rows), ZERO) + sum(unbooked, ZERO) + self._by_hand()
        used, worth = self._bnb()
        gained = self._gained(QUOTE) - worth
        if earned != gained:
            self._found("money", f"the run has earned {earned} by its rows, the account has gained {gained}")
        for base in sorted({book.base for book in self._books.values()}):
            bought = sum((book.net(base) for book in self._books.values() if book.symbol == base + QUOTE), ZERO)
            if (more := self._gained(base)) != bought + self._coins_by_hand(base):
                self._found("money", f"{more} {base} came in, our trades hold {bought}")
        if self._gained("BNB") != -used:
            self._found("money", f"{-self._gained('BNB')} BNB are gone, the fees are {used}")

    # --- what was booked

    def _rows(self) -> Iterator[Row]:
        """The rows of the trades of this run."""
        sql = (
            "SELECT id, pnl, fees_known, left_over, ts_ms FROM history JOIN events USING (seq)"
            " WHERE counted AND source <> 'synced'"
        )
        for id_, pnl, known, left, at in self._journal.execute(sql):
            if id_[-8:] in self._books:
                yield Row(id_, Decimal(pnl), bool(known), None if left is None else Decimal(left), at)

    def _fills(self, id_: str) -> Iterator[Fill]:
        for (body,) in self._journal.execute("SELECT body FROM fills WHERE trade_id = ?", (id_,)):
            yield parsed(Fill, orjson.loads(body))

    # --- what the ledger says

    def _told(self, fill: Fill) -> Fill | None:
        sql = "SELECT order_id, base, side, qty, px, fee, fee_asset, at FROM trades WHERE id = ?"
        for order, base, side, qty, px, fee, asset, at in self._ledger.execute(sql, (int(fill.trade_id),)):
            rate = ZERO if asset in {base, QUOTE} else self._sim.prices.price(asset + QUOTE, at)
            amounts = Decimal(qty), Decimal(px), Decimal(fee)
            return Fill(fill.trade_id, str(order), side, *amounts, fee_asset=asset, at=at, rate=rate)
        return None

    def _gained(self, asset: str) -> Decimal:
        """What the account has of an asset, less what was brought and taken by hand."""
        moved = self._sum("SELECT amount FROM transfers WHERE asset = ?", asset)
        return self._sum("SELECT amount FROM totals WHERE asset = ?", asset) - moved

    def _bnb(self) -> tuple[Decimal, Decimal]:
        """The fees in BNB, and what they were worth when they were taken."""
        used, worth = ZERO, ZERO
        for fee, at in self._ledger.execute("SELECT fee, at FROM trades WHERE fee_asset = 'BNB'"):
            used += Decimal(fee)
            worth += Decimal(fee) * self._sim.prices.price("BNBUSDT", at)
        return used, worth

    def _by_hand(self) -> Decimal:
        """What the user's own orders have earned, or cost."""
        earned = ZERO
        columns = "cid, trades.side, trades.qty, trades.px, fee, fee_asset, at"
        sql = f"SELECT {columns} FROM trades JOIN orders ON orders.id = order_id"
        for cid, side, qty, px, fee, asset, at in self._ledger.execute(sql):
            if not ours(cid):
                worth = {QUOTE: Decimal(1), "BNB": self._sim.prices.price("BNBUSDT", at)}.get(asset, ZERO)
                earned += Decimal(qty) * Decimal(px) * (1 if side == "sell" else -1) - Decimal(fee) * worth
        return earned

    def _coins_by_hand(self, base: str) -> Decimal:
        """What the user's own orders have brought of a coin, after fees in it."""
        brought = ZERO
        columns = "cid, trades.side, trades.qty, fee, fee_asset"
        sql = f"SELECT {columns} FROM trades JOIN orders ON orders.id = order_id WHERE trades.base = ?"
        for cid, side, qty, fee, fee_asset in self._ledger.execute(sql, (base,)):
            if not ours(cid):
                brought += Decimal(qty) * (1 if side == "buy" else -1) - Decimal(fee) * (fee_asset == base)
        return brought

    def _sum(self, sql: str, *values: Any) -> Decimal:
        return sum((Decimal(amount) for (amount,) in self._ledger.execute(sql, values)), ZERO)

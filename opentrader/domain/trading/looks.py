"""What a look at the venue asks for, and what it shows: only the parts that a decision needs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from types import MappingProxyType
from typing import Literal

from opentrader.domain.copies import copied
from opentrader.domain.trading.venue import NOBODY, Balance, Fill, Filters, Order, OrderList, Others

Part = Literal["price", "balance", "open_orders", "history", "fills"]
PARTS: frozenset[Part] = frozenset({"price", "balance", "open_orders", "history", "fills"})


@dataclass(frozen=True)
class Watch:
    """What a look has to read of a symbol: orders and lists by client id, and parts; everything is read in parallel.

    Nothing counts that was asked of the venue before the last answer to a write of ours. `max_age`, in milliseconds of
    market time: price, balance and open orders that were asked for this long ago at most serve as well. `since`: where
    the history and the fills begin. `urgent`: a position waits for it.
    """

    symbol: str
    orders: tuple[str, ...] = ()
    lists: tuple[str, ...] = ()
    parts: frozenset[Part] = frozenset()
    since: int = 0
    max_age: int = 0
    urgent: bool = False

    def __bool__(self) -> bool:
        return bool(self.orders or self.lists or self.parts)

    def __le__(self, other: Watch) -> bool:
        """Whether the other one reads all of this, as fresh and as far back."""
        asked = {*self.orders, *self.lists} <= {*other.orders, *other.lists}
        far = other.since <= self.since or not self.parts & {"history", "fills"}
        return (
            asked
            and self.parts <= other.parts
            and self.symbol == other.symbol
            and other.max_age <= self.max_age
            and far
        )

    def joined(self, other: Watch) -> Watch:
        """One watch that serves both."""
        return copied(
            self,
            orders=tuple(dict.fromkeys((*self.orders, *other.orders))),
            lists=tuple(dict.fromkeys((*self.lists, *other.lists))),
            parts=self.parts | other.parts,
            since=min(self.since, other.since),
            max_age=min(self.max_age, other.max_age),
            urgent=self.urgent or other.urgent,
        )


def everything(symbol: str, since: int) -> Watch:
    """All parts of a symbol, and no order by its id."""
    return Watch(symbol, parts=PARTS, since=since)


@dataclass(frozen=True)
class VenueView:
    """What a look has read of a symbol. A part is None where it was not asked for, or could not be read.

    `at`: when it was asked for; of several looks, the first.

    `found` are the results of lookups by client id, `missing` the ids that the venue does not know. `failed` are the
    parts and ids that were asked for and could not be read. `history` are all orders of the account since
    `Watch.since`, ours or not; `open_orders` are all open ones. The caller fills in `others`.
    """

    filters: Filters
    at: int
    last: Decimal | None = None
    balance: Balance | None = None
    open_orders: tuple[Order, ...] | None = None
    history: tuple[Order, ...] | None = None
    fills: tuple[Fill, ...] | None = None
    found: Mapping[str, Order | OrderList] = field(default_factory=lambda: MappingProxyType({}))
    missing: frozenset[str] = frozenset()
    failed: frozenset[str] = frozenset()
    others: Others = NOBODY

    @property
    def complete(self) -> bool:
        """Whether everything was read that was asked for."""
        return not self.failed

    def lacks(self, part: Part) -> bool:
        return getattr(self, _FIELDS[part]) is None

    def answers(self, watch: Watch) -> bool:
        """Whether everything that is asked here was asked for, be it answered or not."""
        asked = {*watch.orders, *watch.lists}
        known = self.found.keys() | self.missing | self.failed
        return asked <= known and not any(self.lacks(part) and part not in self.failed for part in watch.parts)

    def then(self, later: VenueView) -> VenueView:
        """Both looks in one: where the later one has read something, that counts."""
        parts = {name: getattr(later, name) for name in _FIELDS.values() if getattr(later, name) is not None}
        failed = {name for name in self.failed | later.failed if name not in later.found and name not in later.missing}
        answered = {part for part, name in _FIELDS.items() if name in parts}
        return copied(
            self,
            filters=later.filters,
            found=MappingProxyType({**self.found, **later.found}),
            missing=(self.missing - later.found.keys()) | later.missing,
            failed=frozenset(failed - answered),
            **parts,
        )


_FIELDS: Mapping[Part, str] = MappingProxyType(
    {"price": "last", "balance": "balance", "open_orders": "open_orders", "history": "history", "fills": "fills"}
)

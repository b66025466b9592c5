"""The input of the decision rows: the trade, the read, and the quantities derived from both."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Generic, TypeVar

from opentrader.domain.trading.looks import Part, VenueView
from opentrader.domain.trading.venue import ZERO, Balance

from .fold import position
from .records import Leg, Trade
from .settings import LifecycleSettings

T = TypeVar("T")


class once(Generic[T]):  # noqa: N801 - a decorator
    """A property that is worked out at the first look, like `cached_property`, which takes a lock for that."""

    def __init__(self, work_out: Callable[[Any], T]) -> None:
        self._work_out, self._name, self.__doc__ = work_out, work_out.__name__, work_out.__doc__

    def __get__(self, scene: Any, owner: type) -> T:
        if scene is None:
            return self  # type: ignore[return-value]  # of the class, not of a scene
        value = scene.__dict__[self._name] = self._work_out(scene)
        return value


class Unread(Exception):
    """A decision needs these parts of the venue, and the look has not read them."""

    def __init__(self, parts: frozenset[Part]) -> None:
        super().__init__(", ".join(sorted(parts)))
        self.parts = parts


@dataclass(frozen=True)
class Scene:
    """The input of one tick. `settled`: no leg changed in this tick, so dust stays dust.

    Whoever needs what the look has not read raises `Unread`; then the decision is made again after another look.
    """

    trade: Trade
    view: VenueView
    now: int
    settings: LifecycleSettings
    settled: bool

    def with_trade(self, trade: Trade) -> Scene:
        if trade is self.trade:
            return self
        return Scene(trade, self.view, self.now, self.settings, self.settled)

    def demand(self, *parts: Part) -> None:
        """Raise `Unread` if one of these was not read: what is needed together is read together."""
        if lacking := frozenset(filter(self.view.lacks, parts)):
            raise Unread(lacking)

    def can_have(self, part: Part) -> bool:
        """Whether a part was read; False if reading it failed. Raises `Unread` if nobody has tried."""
        if part not in self.view.failed:
            self.demand(part)
        return not self.view.lacks(part)

    @once
    def held(self) -> Decimal:
        """P, the position."""
        return position(self.trade, self.view.filters)

    @once
    def last(self) -> Decimal:
        self.demand("price")
        assert self.view.last is not None
        return self.view.last

    @property
    def _balance(self) -> Balance:
        self.demand("balance")
        assert self.view.balance is not None
        return self.view.balance

    @once
    def wallet(self) -> Decimal:
        """The base asset of the account, without the positions of other trades."""
        return self._balance.total - self.view.others.held

    @once
    def free(self) -> Decimal:
        others = self.view.others
        return self._balance.free - (others.held - others.locked)

    def at_least(self, price: Decimal) -> Decimal:
        """The smallest quantity that an order at this price may have, with a margin on the notional."""
        filters = self.view.filters
        notional = self.settings.notional_margin * filters.min_notional / price if price > 0 else ZERO
        return filters.ceil(max(filters.min_qty, notional))

    @once
    def protectable(self) -> Decimal:
        """MINP: the smallest quantity whose stop reaches the minimum notional."""
        return self.at_least(self.trade.sl)

    @once
    def sellable(self) -> Decimal:
        """MIN: the smallest quantity that can be sold."""
        return min(self.protectable, self.at_least(self.last))

    @once
    def dust(self) -> bool:
        """Whether the position is too small to sell; dust stays dust when only the price has moved.

        The price decides only between the smallest quantity of all and the one that can be protected.
        """
        if self.trade.label == "DUST" and self.settled:
            return True
        if self.held < self.view.filters.min_qty:
            return True
        return self.held < self.protectable and self.held < self.sellable

    @once
    def exit_open(self) -> Leg | None:
        return next((leg for leg in self.trade.exits if leg.open), None)

    @once
    def exit_in_flight(self) -> Leg | None:
        return next((leg for leg in self.trade.exits if leg.in_flight), None)

    @property
    def exit_live(self) -> bool:
        return bool(self.exit_open or self.exit_in_flight)

    @once
    def entry_open(self) -> Leg | None:
        return next((leg for leg in self.trade.entries if leg.open), None)

    @property
    def uncovered(self) -> Decimal:
        return self.held - (self.exit_open.rest if self.exit_open else ZERO)

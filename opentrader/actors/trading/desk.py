"""What the parts of PositionManager have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from opentrader.actors.runtime.part import Links, Part
from opentrader.actors.trading.book import TradeBook
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.domain.trading.exchange import Exchange
from opentrader.domain.trading.lifecycle import LifecycleSettings
from opentrader.domain.trading.ports import Records

Published = Callable[[], TradingSnapshot]
"""Returns the latest snapshot; coroutines hold no other state. Any thread."""


@dataclass(frozen=True, slots=True)
class Desk:
    """The book, the ports, and the way to publish. `instance`: the four characters in client order ids."""

    links: Links
    book: TradeBook
    exchange: Exchange
    records: Records
    rules: LifecycleSettings
    instance: str
    snapshot: Published
    show: Callable[[], None]


class TradingPart(Part):
    """A part that has the desk."""

    def __init__(self, desk: Desk) -> None:
        super().__init__(desk.links)
        self.book, self._exchange, self._rules, self._instance = desk.book, desk.exchange, desk.rules, desk.instance
        self._journal, self._history = desk.records.journal, desk.records.history
        self._commands = desk.records.commands
        self._day, self._control_store = desk.records.entry_counts, desk.records.control
        self._snapshot, self._show = desk.snapshot, desk.show

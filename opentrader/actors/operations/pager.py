"""Pages the operator: derives the pages once a second, publishes them, and logs and sends what begins and ends.

It waits for no other actor and asks no venue: it reads what was published, so that a trade which nobody looks at any
more is paged too, whatever holds it up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any, Protocol

from opentrader.actors.runtime.actor import Actor
from opentrader.actors.runtime.context import Context
from opentrader.actors.runtime.handlers import handles
from opentrader.actors.runtime.message import Tick
from opentrader.actors.signals.operator import TellPage
from opentrader.actors.trading.replies.snapshot import TradingSnapshot
from opentrader.domain.trading.exchange import VenueState
from opentrader.domain.trading.pages import Observed, OperatorPage, compared, standing
from opentrader.domain.trading.ports import DiskState

logger = logging.getLogger(__name__)


class Actors(Protocol):
    """The supervisor's view of the actors. Any thread."""

    def snapshot(self, name: str) -> Any: ...

    def pausing(self) -> tuple[str, ...]: ...


class Pager(Actor):
    """Publishes the pages, a tuple of `OperatorPage`. `clock_behind`: that the wall clock was set back, if it was.

    `telegram`: whether there is a messenger to send them with.
    """

    tick_seconds = 1.0

    def __init__(
        self,
        context: Context,
        actors: Actors,
        *,
        venue: Callable[[], VenueState],
        disk: Callable[[], DiskState],
        clock_behind: Callable[[], str | None],
        speed: float,
        telegram: bool = False,
    ) -> None:
        super().__init__(context)
        self._actors, self._venue, self._disk, self._clock_behind = actors, venue, disk, clock_behind
        self._speed, self._telegram = speed, telegram

    def on_start(self) -> None:
        self._pages: tuple[OperatorPage, ...] = ()
        self.publish(self._pages)

    @handles(Tick)
    def on_tick(self, message: Tick) -> None:
        pages = standing(self._observed(), self._pages)
        if pages == self._pages:
            return
        begun, ended = compared(self._pages, pages)
        for page in begun:
            logger.error("page %s: %s", _name(page), page.sentence)
            self._send(f"PAGE {_name(page)}: {page.sentence}")
        for page in ended:
            logger.info("page %s has ended", _name(page))
            self._send(f"ENDED {_name(page)}")
        self._pages = pages
        self.publish(pages)

    def _send(self, text: str) -> None:
        if self._telegram:
            self.context.tell(TellPage(text))

    def _observed(self) -> Observed:
        clock, trading = self.context.clock, self._trading()
        return Observed(
            at=int(clock.wall()),
            now=clock.market_ms(),
            begun=trading.begun,
            settings=trading.rules,
            venue=self._venue(),
            disk=self._disk(),
            trades=trading.trades,
            shown_at=trading.shown_at,
            blind={**trading.unsearched, **trading.blind},
            halts=tuple(trading.halts.values()),
            filters=trading.filters,
            account_at=None if trading.account is None else trading.account.at,
            speed=self._speed,
            clock=self._clock_behind(),
            pausing=self._actors.pausing(),
        )

    def _trading(self) -> TradingSnapshot:
        snapshot: TradingSnapshot = self._actors.snapshot("position_manager")
        return snapshot


def _name(page: OperatorPage) -> str:
    about = f"trade {page.trade}, {page.symbol}" if page.trade else page.symbol
    return f"{page.code}, {about}" if about else page.code

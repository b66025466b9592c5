"""The tick: the one pure function behind boot, polling, expiry, trailing, close and recovery.

    ticked = tick(trade, view, now)

folds what was read into the legs, decides on at most one effect, and labels the result. Where that needs more than was
read, `ticked.more` says what: look, join both views, and tick the same trade again. Then commit the
trade, send the effect, and fold its answer with `answered`; see `docs/reliability.md`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from opentrader.domain.copies import copied
from opentrader.domain.trading.looks import VenueView, Watch
from opentrader.domain.trading.venue import ZERO, Effect

from .decide import decide
from .fold import folded, oversold
from .label import labelled
from .looking import READ_AT, unshown, watch
from .rebuild import caught_up
from .records import Leg, Trade, revised
from .reports import sightings
from .scene import Scene
from .settings import BINANCE, LifecycleSettings


@dataclass(frozen=True, slots=True)
class Ticked:
    """The trade to commit before the effect is sent; `more` is what has to be read first."""

    trade: Trade
    effect: Effect | None
    more: Watch


def tick(trade: Trade, view: VenueView, now: int, settings: LifecycleSettings = BINANCE) -> Ticked:
    """`now`: milliseconds of the venue's clock."""
    before = trade
    trade = caught_up(trade, view, now, settings)
    trade = folded(trade, view, now, settings)
    settled = trade.legs is before.legs or facts(trade) == facts(before)
    scene = Scene(trade, view, now, settings, settled)
    more, effect = unshown(trade, view, now, settings), None
    if not more and now >= trade.retry_at:
        decided = decide(scene)
        scene, effect = scene.with_trade(decided.trade), decided.effect
        if lacking := decided.lacking - view.failed:
            more = copied(more, parts=lacking)
    scene = scene.with_trade(watched(scene))
    return Ticked(labelled(scene), effect, more)


def considered(
    trade: Trade,
    known: VenueView,
    now: int,
    read_at: Mapping[str, int] = READ_AT,
    settings: LifecycleSettings = BINANCE,
    *,
    unread: bool = False,
) -> Ticked:
    """The begin of a check: read what is due (`watch`), or else tick from what is `known` without a look."""
    due = watch(trade, now, read_at, settings, unread=unread)
    return Ticked(trade, None, due) if due else tick(trade, known, now, settings)


def facts(trade: Trade) -> tuple[object, ...]:
    return tuple((leg.cid, leg.state, leg.cum, leg.fees, leg.covered, leg.flag) for leg in trade.legs)


def covering(leg: Leg) -> bool:
    """An effective exit: on the book, not partially filled, and without a pending cancel of ours."""
    return leg.open and not leg.flag and not leg.cancel_sent


def bare(scene: Scene) -> bool:
    """Whether a position has, or may have, no live exit: an entry with an unknown outcome counts."""
    trade = scene.trade
    covered = sum((leg.rest for leg in trade.exits if covering(leg)), ZERO)
    exposed = scene.held >= scene.protectable and covered < scene.held - scene.view.filters.step
    return exposed or any(leg.in_flight for leg in trade.entries)


def shown(scene: Scene) -> bool:
    """Whether this look has seen every exit that covers the position."""
    return all(sightings(leg, scene.view) for leg in scene.trade.exits if covering(leg))


def watched(scene: Scene) -> Trade:
    """Record since when the position is not covered, and alert after `bare_limit`.

    While reads fail, that limit begins when the next read that shows its exits is overdue.
    """
    trade, now = scene.trade, scene.now
    step = scene.view.filters.step
    if scene.held < -step and oversold(trade, scene.view.filters) > step:
        trade = trade.alerted("sold more than was held", "page", now)
    at_stake = trade.entry_works or scene.held >= scene.protectable
    since = trade.ok_at
    if bare(scene):
        trade = revised(trade, bare_at=trade.bare_at or now)
    elif not at_stake or (scene.view.complete and shown(scene)):
        return revised(trade, bare_at=0, ok_at=now)
    elif scene.view.complete:
        return revised(trade, bare_at=0)
    else:
        since += scene.settings.listed
    if now - since <= scene.settings.bare_limit:
        return trade
    return trade.alerted("unprotected", "alert", now, scene.settings.page_every)

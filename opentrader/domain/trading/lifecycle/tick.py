"""The tick: the one pure function behind boot, polling, expiry, trailing, close and recovery.

    trade, effect = tick(trade, view, now)

folds the read into the legs, decides on at most one effect, and labels the result. Commit the trade, send the effect,
fold its answer with `answered`, and commit again; see `docs/reliability.md`.
"""

from __future__ import annotations

from opentrader.domain.trading.venue import ZERO, Effect, VenueView, Watch

from .decide import decide
from .fold import folded
from .label import labelled
from .rebuild import adopted
from .records import Leg, Trade, revised
from .scene import Scene
from .settings import BINANCE, LifecycleSettings


def tick(trade: Trade, view: VenueView, now: int, settings: LifecycleSettings = BINANCE) -> tuple[Trade, Effect | None]:
    """The trade to commit before the effect is sent. `now`: milliseconds of the venue's clock."""
    before = trade
    if trade.rebuild_until:
        trade = adopted(trade, view, now)
    trade = folded(trade, view, now, settings)
    scene = Scene(trade, view, now, settings, settled=facts(trade) == facts(before))
    effect: Effect | None = None
    if view.readable and now >= trade.retry_at:
        decided = decide(scene)
        scene, effect = scene.with_trade(decided.trade), decided.effect
    scene = scene.with_trade(watched(scene))
    return labelled(scene), effect


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


def watched(scene: Scene) -> Trade:
    """Record since when the position is not covered, and alert after `bare_limit`."""
    trade, now = scene.trade, scene.now
    if scene.held < -scene.view.filters.step:
        trade = trade.alerted("sold more than was held", "page", now)
    at_stake = trade.entry_works or scene.held >= scene.protectable
    if bare(scene):
        trade = revised(trade, bare_at=trade.bare_at or now)
    elif scene.view.readable or not at_stake:
        return revised(trade, bare_at=0, ok_at=now)
    if now - trade.ok_at <= scene.settings.bare_limit:
        return trade
    return trade.alerted("unprotected", "alert", now, scene.settings.page_every)


def watch(trade: Trade, now: int, settings: LifecycleSettings = BINANCE) -> Watch:
    """The request for the next read of this trade."""
    legs = [leg for leg in trade.legs if leg.cid and asked_for(leg, now, settings)]
    return Watch(
        trade.intent.symbol,
        tuple(leg.cid for leg in legs if leg.kind != "L"),
        tuple(leg.cid for leg in legs if leg.kind == "L"),
        min((leg.sent_at for leg in trade.legs), default=now),
    )


def asked_for(leg: Leg, now: int, settings: LifecycleSettings) -> bool:
    """Legs that are not terminal, absent ones for a day, and terminal ones whose fills are incomplete."""
    if leg.state == "ABSENT":
        return now - leg.sent_at < settings.absent_watch
    return leg.live or leg.covered < leg.cum


def next_poll(trade: Trade, now: int, settings: LifecycleSettings = BINANCE) -> int | None:
    """Milliseconds until the next tick of the trade, None when it is closed.

    `poll` while anything is unresolved, uncovered or partially filled; `reconcile` otherwise.
    """
    pause = max(0, trade.retry_at - now)
    if trade.label in {"PROTECTED", "QUARANTINE"} and not restless(trade):
        return max(pause, settings.reconcile)
    if trade.label not in {"FLAT", "DUST"}:
        return max(pause, settings.poll)
    watching = any(leg.state == "ABSENT" and asked_for(leg, now, settings) for leg in trade.legs)
    settling = now < trade.last_send + settings.horizon + settings.read_lag
    return max(pause, settings.reconcile) if watching or settling else None


def restless(trade: Trade) -> bool:
    """Whether an exit needs a read every `poll`: in flight, being canceled, filling, or without a target."""
    return any(
        leg.live and (leg.in_flight or leg.cancel_sent or leg.flag or leg.cum > 0 or leg.kind != "L")
        for leg in trade.legs
    )

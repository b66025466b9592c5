"""Row 4: the reasons to close a trade without a request. Each reason is one predicate of the scene."""

from __future__ import annotations

from collections.abc import Callable

from .records import Leg
from .scene import Scene


def soft_stop(scene: Scene) -> bool:
    """No exit is open at the exchange, and the price has reached the stop (that of the exit in flight, if any)."""
    if scene.held <= 0 or scene.exit_open or (scene.dust and scene.trade.entry_ended):
        return False
    level = scene.exit_in_flight.sl if scene.exit_in_flight else scene.trade.floor
    return scene.last <= level


def soft_tp(scene: Scene) -> bool:
    """The price has reached the target, and no list covers it."""
    listed = any(leg.live for leg in scene.trade.legs if leg.kind == "L")
    return not listed and not scene.dust and scene.last >= scene.trade.ceiling


def exit_started(scene: Scene) -> bool:
    """An exit has filled in part while the entry is still working."""
    return scene.trade.entry_works and any(leg.cum > 0 for leg in scene.trade.exits)


def rest(scene: Scene) -> bool:
    """An exit has ended and a sellable rest is left."""
    ended = any(leg.state in {"FILLED", "EXPIRED"} for leg in scene.trade.exits)
    return ended and not scene.exit_live and not scene.dust


def flagged(scene: Scene, flag: str) -> Leg | None:
    return next((leg for leg in scene.trade.exits if leg.open and leg.flag == flag), None)


def tp_rest(scene: Scene) -> bool:
    """The target is partially filled, which canceled its stop."""
    leg = flagged(scene, "TP_PART")
    if leg is None:
        return False
    return scene.now - leg.flag_at >= scene.settings.tp_rest_after or scene.last <= scene.trade.sl


def gap(scene: Scene) -> bool:
    """The price has gapped through the limit of a triggered stop."""
    leg = flagged(scene, "TRIGGERED")
    return leg is not None and scene.now - leg.flag_at >= scene.settings.gap_after


def protect_failed(scene: Scene) -> bool:
    return scene.trade.failed_protects >= scene.settings.max_protects


def unprotectable(scene: Scene) -> bool:
    """Enough to sell, too little to protect."""
    trade, filters = scene.trade, scene.view.filters
    if trade.entry_works or scene.exit_live or scene.held >= scene.protectable or scene.dust:
        return False
    return scene.held * scene.last >= filters.min_notional * scene.settings.notional_margin


def late_entry(scene: Scene) -> bool:
    """An entry that was taken as absent is working after all, or filled after it was given up."""
    late = [leg for leg in scene.trade.entries if leg.flag == "LATE"]
    over = 0 < scene.trade.intent.ttl_at <= scene.now or scene.trade.halt
    return any(leg.open or (leg.cum > 0 and over) for leg in late)


REASONS: tuple[tuple[str, Callable[[Scene], bool]], ...] = (
    ("soft_stop", soft_stop),
    ("soft_tp", soft_tp),
    ("exit_started", exit_started),
    ("rest", rest),
    ("tp_rest", tp_rest),
    ("gap", gap),
    ("protect_failed", protect_failed),
    ("unprotectable", unprotectable),
    ("late_entry", late_entry),
)

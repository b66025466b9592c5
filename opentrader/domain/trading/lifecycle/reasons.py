"""Row 4: why a trade is closed without being asked to. Each reason is one question to the scene."""

from __future__ import annotations

from collections.abc import Callable

from .records import Leg
from .scene import Scene


def soft_stop(scene: Scene) -> bool:
    """Nothing at the exchange stops the loss, and the price is there: the level is that of the exit in flight."""
    if scene.held <= 0 or scene.exit_open or (scene.dust and scene.trade.entry_ended):
        return False
    level = scene.exit_in_flight.sl if scene.exit_in_flight else scene.trade.sl
    return scene.last <= level


def soft_tp(scene: Scene) -> bool:
    """No list holds the target."""
    listed = any(leg.live for leg in scene.trade.legs if leg.kind == "L")
    return not scene.dust and not listed and scene.last >= scene.trade.tp


def exit_started(scene: Scene) -> bool:
    """An exit trades while the entry still buys."""
    return scene.trade.entry_works and any(leg.cum > 0 for leg in scene.trade.exits)


def rest(scene: Scene) -> bool:
    """An exit did its work and something sellable is left."""
    ended = any(leg.state in {"FILLED", "EXPIRED"} for leg in scene.trade.exits)
    return ended and not scene.exit_live and not scene.dust


def flagged(scene: Scene, flag: str) -> Leg | None:
    return next((leg for leg in scene.trade.exits if leg.open and leg.flag == flag), None)


def tp_rest(scene: Scene) -> bool:
    """The target is filled in part and its stop is gone with that."""
    leg = flagged(scene, "TP_PART")
    if leg is None:
        return False
    return scene.now - leg.flag_at >= scene.settings.tp_rest_after or scene.last <= scene.trade.sl


def gap(scene: Scene) -> bool:
    """The price has jumped over the limit of a triggered stop."""
    leg = flagged(scene, "TRIGGERED")
    return leg is not None and scene.now - leg.flag_at >= scene.settings.gap_after


def protect_failed(scene: Scene) -> bool:
    return scene.trade.failed_protects >= scene.settings.max_protects


def unprotectable(scene: Scene) -> bool:
    """Enough to sell, too little to protect."""
    trade, filters = scene.trade, scene.view.filters
    if trade.entry_works or scene.exit_live or scene.dust or scene.held >= scene.protectable:
        return False
    return scene.held * scene.last >= filters.min_notional * scene.settings.notional_margin


def late_entry(scene: Scene) -> bool:
    """An entry that was taken for absent works after all, or has bought when nobody waited for it any more."""
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

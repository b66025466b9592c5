"""Step 3 of a tick: the label, computed from the legs, and its allowed transitions."""

from __future__ import annotations

from collections.abc import Mapping

from opentrader.domain.copies import copied

from .fold import quarantined
from .records import Label, Trade, revised
from .scene import Scene, Unread

# An exit that rests at the venue may sell a position down to dust, long after our last request.
TRANSITIONS: dict[Label, frozenset[Label]] = {
    "NONE": frozenset({"ENTERING", "FLAT"}),
    "ENTERING": frozenset({"NONE", "CLOSING", "DUST", "FLAT", "PARTIAL_HELD", "PROTECTING", "SWEEPING", "UNPROTECTED"}),
    "PARTIAL_HELD": frozenset(
        {"CLOSING", "DUST", "FLAT", "PROTECTED", "PROTECTING", "REPLACING", "SWEEPING", "UNPROTECTED"}
    ),
    "PROTECTING": frozenset({"CLOSING", "DUST", "FLAT", "PROTECTED", "REPLACING", "SWEEPING", "UNPROTECTED"}),
    "PROTECTED": frozenset({"CLOSING", "DUST", "FLAT", "PROTECTING", "REPLACING", "SWEEPING", "UNPROTECTED"}),
    "REPLACING": frozenset({"CLOSING", "DUST", "FLAT", "PROTECTED", "PROTECTING", "SWEEPING"}),
    "UNPROTECTED": frozenset({"CLOSING", "DUST", "FLAT", "PROTECTING", "SWEEPING"}),
    "CLOSING": frozenset({"DUST", "FLAT", "SWEEPING"}),
    "SWEEPING": frozenset({"DUST", "FLAT", "CLOSING", "PROTECTING", "UNPROTECTED"}),
    "DUST": frozenset({"FLAT", "SWEEPING", "CLOSING", "PROTECTING", "UNPROTECTED"}),
    "FLAT": frozenset({"DUST", "SWEEPING", "CLOSING", "PROTECTING", "UNPROTECTED"}),
}
TRANSITIONS["QUARANTINE"] = frozenset({*TRANSITIONS, "DUST", "FLAT"})  # an operator ends it, whatever is found then


# A trade rebuilt from the venue starts with any label, and requests of its first daemon may still arrive.
REBUILT: Mapping[Label, frozenset[Label]] = {
    "NONE": frozenset(TRANSITIONS),
    "UNPROTECTED": frozenset({"PROTECTED"}),
}


def lawful(before: Label, after: Label, rebuilt: bool = False) -> bool:
    """Whether a label may follow another; every label may go to quarantine."""
    allowed = TRANSITIONS[before] | (REBUILT.get(before, frozenset()) if rebuilt else frozenset())
    return after in {before, "QUARANTINE"} or after in allowed


def label(scene: Scene) -> Label:
    trade = scene.trade
    if trade.quar == "unknown" or (trade.quar == "exit" and not scene.exit_open and not scene.dust):
        return "QUARANTINE"
    if not trade.legs:
        return "FLAT" if trade.close_reason else "NONE"
    if trade.entry_works:
        return entering(scene)
    if any(leg.live for leg in trade.closes) or not scene.dust:
        return holding(scene)
    return ended(scene)


def entering(scene: Scene) -> Label:
    if scene.entry_open is None:
        return "ENTERING"
    if scene.trade.close_reason:
        return "CLOSING"
    return "PARTIAL_HELD" if scene.held > 0 else "ENTERING"


def holding(scene: Scene) -> Label:
    trade = scene.trade
    if trade.close_reason:
        return "CLOSING"
    if trade.replacing:
        return "REPLACING"
    if scene.exit_open:
        return "PROTECTED"
    return "PROTECTING" if scene.exit_in_flight else "UNPROTECTED"


def ended(scene: Scene) -> Label:
    under_way = scene.now < scene.trade.last_send + scene.settings.horizon
    if scene.exit_live or not scene.view.complete or under_way:
        return "SWEEPING"
    return "DUST" if scene.held > 0 else "FLAT"


def labelled(scene: Scene) -> Trade:
    """The trade with its label. An impossible transition is a bug: it stops one symbol, not the daemon."""
    try:
        after = label(scene)
    except Unread:  # whether what is held is dust depends on a price that could not be read
        return scene.trade
    if lawful(scene.trade.label, after, rebuilt=scene.trade.rebuild_until > 0):
        return revised(scene.trade, label=after)
    code = f"impossible: {scene.trade.label} -> {after}"
    return copied(quarantined(scene.trade, code, scene.now), label="QUARANTINE")

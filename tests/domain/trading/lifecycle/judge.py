"""Judged from the venue's ledger and the answers given; what the daemon believes is only compared with it."""

from __future__ import annotations

from collections.abc import Callable

from opentrader.domain.trading.lifecycle.ids import ours

from .venue import STEP
from .world import NOTHING, H, Scenario, World, X, covered, held, instant

FIRST_STOP = 90
SETTLED = {"FLAT", "DUST", "PROTECTED", "QUARANTINE"}


def protectable(scenario: Scenario, at: int) -> int:
    """The smallest quantity, in units, that an exit at this price may have."""
    need = -(-scenario.rules.min_notional * 11 // (10 * at))
    return max(1, need) * STEP


def exposed(scenario: Scenario, world: World) -> bool:
    holding = held(world)
    works = any(order.open for order in world.venue.orders if not order.sell)
    open_part = holding - covered(world)
    stop = int(world.trade.sl) or 90
    return open_part > STEP and (open_part if works else holding) >= protectable(scenario, stop)


def during(scenario: Scenario, world: World, second: int) -> tuple[World, str]:
    """The world with its seconds without an exit and in quarantine, and the first invariant that is broken, or ''."""
    bare = world.bare + 1 if exposed(scenario, world) else 0
    stood = min(world.stood + 1, 2) if world.trade.label == "QUARANTINE" else 0
    world = world._replace(bare=bare, stood=stood)
    entries = [order for order in world.venue.orders if not order.sell]
    if len(entries) > 1:
        return world, "I1 two entries"
    if any(order.created > last_arrival(scenario) for order in entries):
        return world, "I7 entered after it was taken back"
    if held(world) < 0:
        return world, "I6 sold the user's coins"
    if false_answer(scenario, world):
        return world, "I3 a false answer"
    if any(0 < order.stop < FIRST_STOP for order in world.venue.orders if ours(order.cid)):
        return world, "I2 a stop below the first one"
    for alert in world.trade.alerts:
        if alert.code.startswith("impossible"):
            return world, f"I11 {alert.code}"
    return world, overdue(scenario, world)


def last_arrival(scenario: Scenario) -> int:
    """The latest instant at which an entry may arrive that was sent before it was unwanted."""
    unwanted = [second for second, what, _ in scenario.commands if what in {"close", "cancel"}]
    second = min([*unwanted, *([scenario.ttl] if scenario.ttl else [])], default=scenario.ends_at)
    return instant(second + H - 2) if second else 0


def overdue(scenario: Scenario, world: World) -> str:
    codes = {alert.code for alert in world.trade.alerts if alert.severity != "note"}
    if world.trade.label == "QUARANTINE" and codes:
        return ""
    if world.bare > world.allowed + scenario.patience:
        return "I2 without an exit"
    if world.bare > X + 1 and world.down_until < 0 and not codes:
        return "I2 without an alert"
    return ""


def false_answer(scenario: Scenario, world: World) -> bool:
    """Said not to be placed, and it is; said to be flat, and something is left."""
    trade = world.trade
    placed = any(not order.sell for order in world.venue.orders)
    if placed and any(leg.state in {"ABSENT", "REJECTED"} for leg in trade.entries):
        return True
    if trade.label == "FLAT" and placed and not trade.legs:
        return True
    return trade.label == "FLAT" and held(world) >= 2 * STEP and world.down_until < 0


End = Callable[[Scenario, World, str], bool]


def unsettled(scenario: Scenario, world: World, label: str) -> bool:
    """It goes on for ever; a limit entry without an expiry may, while its part is covered."""
    resting = any(order.open for order in world.venue.orders if not order.sell) and not scenario.ttl
    waiting = label in {"ENTERING", "PARTIAL_HELD"} and resting and not asked(scenario, "close", "cancel")
    return label not in SETTLED and not (waiting and not world.bare)


def asked(scenario: Scenario, *what: str) -> bool:
    return any(command in what for _, command, _ in scenario.commands)


def left_open(scenario: Scenario, world: World, label: str) -> bool:
    own_open = any(order.open and ours(order.cid) for order in world.venue.orders)
    expired = scenario.ttl and any(order.open for order in world.venue.orders if not order.sell)
    return bool(expired) or (label in {"FLAT", "DUST"} and own_open)


def naked(scenario: Scenario, world: World, label: str) -> bool:
    if label in {"FLAT", "DUST"}:
        return held(world) >= protectable(scenario, scenario.last(scenario.ends_at))
    return label == "PROTECTED" and held(world) - covered(world) > STEP


def too_much(scenario: Scenario, world: World, label: str) -> bool:
    return label == "PROTECTED" and covered(world) - held(world) >= STEP


def forgotten(scenario: Scenario, world: World, label: str) -> bool:
    """Asked to close, and it lives on; only a lost store excuses that."""
    closed = asked(scenario, "close") or bool(world.pressed)
    return label == "PROTECTED" and closed and not scenario.lost_at


def quarantined(scenario: Scenario, world: World, label: str) -> bool:
    """Some venues leave no other end, until an operator acts; one more fault may bring another quarantine."""
    if label != "QUARANTINE":
        return False
    if scenario.doubt:
        return "d" in world.pressed or ("c" in world.pressed and world.faults > 0)
    return not scenario.stuck or "d" in world.pressed


def not_told(scenario: Scenario, world: World, label: str) -> bool:
    """The levels of a protected trade are not those of its exits, or those that were asked for are forgotten."""
    if label != "PROTECTED" or scenario.lost_at:
        return False  # what is rebuilt takes its levels from the id of the entry
    exits = [order for order in world.venue.orders if order.open and order.sell and ours(order.cid)]
    told = {int(world.trade.sl), int(world.trade.tp)}
    return world.trade.move == "asked" or not {order.stop or order.px for order in exits} <= told


ENDS: tuple[tuple[str, End], ...] = (
    ("I2 is never settled", unsettled),
    ("I5 an order is left open", left_open),
    ("I2 naked for ever", naked),
    ("I3 a close is forgotten", forgotten),
    ("I6 an exit for the user's coins", too_much),
    ("quarantined for nothing", quarantined),
    ("I3 other levels than are told", not_told),
)


def at_the_end(scenario: Scenario, world: World) -> str:
    """What does not hold when nothing more happens."""
    label = "FLAT" if world.trade is NOTHING else world.trade.label
    return next((broken for broken, holds in ENDS if holds(scenario, world, label)), "")

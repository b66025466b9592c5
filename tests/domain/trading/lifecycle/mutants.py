"""Readings of the rules that lose money. Each is the real code with one function changed, and each must be caught.

A checker that stops finding one of them is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any
from unittest.mock import patch

from opentrader.domain.trading import lifecycle
from opentrader.domain.trading.lifecycle import decide, fold, rebuild, reply, reports, scene, sizing
from opentrader.domain.trading.lifecycle.placing import cancel, close, enter, kept, protect
from opentrader.domain.trading.lifecycle.reasons import REASONS
from opentrader.domain.trading.lifecycle.records import Leg, Trade
from opentrader.domain.trading.lifecycle.scene import Scene
from opentrader.domain.trading.looks import VenueView
from opentrader.domain.trading.venue import ZERO, Order, PlaceEntry, PlaceList, Refused

from . import daemon, world
from .explore import Explored, Finding, explored, together
from .scenarios import all_scenarios

Patch = tuple[object, str, object]


@dataclass(frozen=True, slots=True)
class Mutant:
    """`scenarios` are where it is looked for, by name, with at most so many faults."""

    name: str
    patches: Callable[[], list[Patch]]
    scenarios: tuple[str, ...]
    faults: int = 2


def row(number: str, changed: decide.Row) -> list[Patch]:
    """The table with another function in one row."""
    rows = tuple((name, changed if name == number else known) for name, known in decide.ROWS)
    return [(decide, "ROWS", rows)]


# --- the eight -------------------------------------------------------------------------------------------------


def new_id(scene: Scene) -> decide.Verdict:
    """An entry without an answer is sent again, under another id."""
    leg = next((leg for leg in scene.trade.entries if leg.in_flight), None)
    if leg is None or len(scene.trade.entries) > 1:
        return decide.entry_in_flight(scene)
    trade, effect = enter(scene)
    assert isinstance(effect, PlaceEntry)
    cid = leg.cid[:-2] + "02"
    again = replace(trade.entries[-1], cid=cid, gen=2)
    trade = replace(scene.trade, legs=(*scene.trade.legs, again), last_send=scene.now)
    return decide.End(trade, replace(effect, cid=cid))


def rejected_at_once(trade: Trade, leg: Leg, view: VenueView, now: int, settings: Any) -> Trade:
    """Not found is taken for not placed."""
    if leg.in_flight and leg.cid in view.missing:
        return fold.failed(trade.with_leg(replace(leg, state="REJECTED")), leg)
    return REAL_UNSEEN(trade, leg, view, now, settings)


def part_dropped(trade: Trade, filters: Any) -> Decimal:
    """A cancelled entry is taken for one that bought nothing."""
    if any(leg.state == "CANCELED" for leg in trade.entries):
        return ZERO
    return REAL_POSITION(trade, filters)


def resend(asks_first: bool) -> list[Patch]:
    """A list without an answer is sent again under its own id after two seconds.

    Until then nobody looks; `asks_first`: only when one look-up does not find it.
    """
    pause = 2 * world.SECOND

    def sightings(leg: Leg, view: VenueView) -> list[reports.Facts]:
        looks = asks_first and view.at >= leg.sent_at + pause
        return REAL_SIGHTINGS(leg, view) if leg.kind != "L" or not leg.in_flight or looks else []

    def exit_unresolved(scene: Scene) -> decide.Verdict:
        leg = scene.exit_in_flight
        if leg is None or leg.kind != "L" or scene.now < leg.sent_at + pause:
            return decide.exit_unresolved(scene)
        _, effect = protect(scene, leg.qty, leg.sl)
        assert isinstance(effect, PlaceList)
        ids = replace(effect, cid=leg.cid, stop_cid=leg.stop_cid, target_cid=leg.target_cid)
        return decide.End(kept(scene, replace(leg, sent_at=scene.now)), ids)

    return [(fold, "sightings", sightings), *row("12", exit_unresolved)]


def unconfirmed(scene: Scene) -> decide.Verdict:
    """Once the cancel was sent, the close follows."""
    leg = scene.exit_open
    if not scene.trade.close_reason or leg is None or not leg.cancel_sent:
        return decide.closing(scene)
    return decide.send(close(scene, scene.view.filters.floor(scene.held)))


def close_again(scene: Scene) -> decide.Verdict:
    """A close without an answer is followed by another one."""
    if not any(leg.in_flight for leg in scene.trade.closes) or len(scene.trade.closes) > 2:
        return decide.close_in_flight(scene)
    return decide.send(close(scene, scene.view.filters.floor(scene.held)))


# --- the readings ----------------------------------------------------------------------------------------------


def gone_after(reads: int) -> Callable[..., Trade]:
    """An acknowledged order that so many reads do not show is taken for gone."""

    def lagging(trade: Trade, leg: Leg, now: int, settings: Any) -> Trade:
        if leg.neg_count + 1 >= reads:
            return fold.failed(trade.with_leg(replace(leg, state="ABSENT")), leg)
        return trade.with_leg(replace(leg, neg_count=leg.neg_count + 1))

    return lagging


def one_read(verdict: Callable[[Scene], Trade]) -> Callable[[Scene], sizing.Size]:
    def size(scene: Scene) -> sizing.Size:
        qty = scene.view.filters.floor(scene.held)
        return sizing.Size(scene.trade, qty) if scene.free >= qty else sizing.Size(verdict(scene))

    return size


def external_at_once(scene: Scene) -> Trade:
    return fold.closed_outside(scene.trade, scene.held, scene.now)


def quarantine_at_once(scene: Scene) -> Trade:
    return fold.quarantined(scene.trade, "base is missing", scene.now)


def entry_forgotten(scene: Scene) -> decide.Verdict:
    if scene.entry_open and (decide.ttl_over(scene) or scene.trade.halt):
        return decide.send(cancel(scene, scene.entry_open))
    return scene


def unknown_cancelled(scene: Scene) -> decide.Verdict:
    leg = next((leg for leg in scene.trade.entries if leg.in_flight), None)
    if leg and decide.ttl_over(scene):
        return decide.send(cancel(scene, leg))
    return decide.entry_unwanted(scene)


def cancel_is_final(trade: Trade, effect: Any, outcome: Any, base: str, now: int) -> Trade:
    """A cancel that finds nothing ends the order."""
    leg = trade.leg(effect.cid)
    if leg and isinstance(outcome, Refused) and outcome.reason == "not_found":
        return trade.with_leg(replace(leg, state="CANCELED"))
    return REAL_CANCELLED(trade, effect, outcome, base, now)


def sent_all_the_same(scene: Scene) -> decide.Verdict:
    """A planned entry is sent, whatever was said since."""
    return scene if scene.trade.legs else decide.send(enter(scene))


def reason_forgotten(scene: Scene) -> Trade:
    return replace(REAL_PAUSED(scene), close_reason="", close_after=0)


def open_only(view: VenueView) -> list[Order]:
    return [order for order in REAL_OWN(view) if order.status == "OPEN"]


def flag_cleared(trade: Trade, reason: str, now: int) -> Trade:
    """An operator's close ends the quarantine, and leaves what has caused it."""
    return replace(trade, quar="", short=0).closing_for(reason, now)


def exits_forgotten(scene: Scene) -> decide.Verdict:
    """What was dropped concerns nobody any more."""
    return decide.wait(scene) if scene.trade.dropped else decide.nothing_held(scene)


def dropped_in_part(trade: Trade, now: int) -> Trade:
    """A drop lets the trade go, and still counts what it holds."""
    return replace(REAL_DROP(trade, now), adj=trade.adj)


def moved_at_once(scene: Scene) -> decide.Verdict:
    """The exit at the new levels is placed before the old one is gone."""
    trade = scene.trade
    if trade.move != "asked" or scene.exit_open is None or trade.close_reason:
        return scene
    begun = scene.with_trade(replace(trade, move="done", sl=trade.move_sl, tp=trade.move_tp))
    return decide.send(protect(begun, scene.exit_open.rest, trade.move_sl))


def levels_kept(trade: Trade, leg: Leg) -> Trade:
    """The levels of the trade stay what they were, whatever its exit says."""
    return replace(trade.without_replacement(), move="done" if trade.rep_tp else trade.move)


REAL_DROP = lifecycle.drop
REAL_UNSEEN, REAL_POSITION, REAL_CANCELLED = fold.unseen, fold.position, reply.cancelled
REAL_PAUSED, REAL_OWN, REAL_SIGHTINGS = decide.close_paused, rebuild.own_orders, reports.sightings


def positions(changed: Callable[..., Decimal]) -> list[Patch]:
    return [(module, "position", changed) for module in (fold, scene, rebuild)]


PLAIN = ("market entry", "market entry, own coins")
CLOSE = ("close at 2, own coins",)

EIGHT: tuple[Mutant, ...] = (
    Mutant("retry a timeout with a new id", lambda: row("6", new_id), PLAIN),
    Mutant("not found means rejected, at once", lambda: [(fold, "unseen", rejected_at_once)], PLAIN),
    Mutant("journal after the send", lambda: [(daemon, "JOURNAL_FIRST", False)], PLAIN),
    Mutant("TTL drops a part", lambda: positions(part_dropped), ("limit entry in part, TTL",)),
    Mutant("early resend of a list, no query", lambda: resend(False), ("target hit, falls, own coins",)),
    Mutant("early resend of a list, query first", lambda: resend(True), ("target hit, falls, own coins",)),
    Mutant(
        "close without confirming the cancel",
        lambda: row("9", unconfirmed),
        ("close at 6, own coins, target at 8",),
    ),
    Mutant("early resend of a close", lambda: row("3", close_again), CLOSE, 1),
)
READINGS: tuple[Mutant, ...] = (
    Mutant(
        "a soft stop sells while a protect is unresolved",
        lambda: [(decide, "harmless", lambda scene, leg: True)],
        ("stop hit at 1, own coins",),
    ),
    Mutant(
        "acknowledged, gone after one read",
        lambda: [(fold, "lagging", gone_after(1))],
        ("stop hit at 4, own coins",),
    ),
    Mutant(
        "acknowledged, gone after two reads", lambda: [(fold, "lagging", gone_after(2))], ("stop hit at 1, own coins",)
    ),
    Mutant(
        "fees from an incomplete list of trades",
        lambda: [(fold, "fee_reserve", lambda leg, filters: leg.fees)],
        ("limit entry filled, fee, own coins, target soon",),
    ),
    Mutant(
        "external close from one balance",
        lambda: [(decide, "size", one_read(external_at_once))],
        ("market entry",),
        faults=1,
    ),
    Mutant(
        "quarantine from one balance",
        lambda: [(decide, "size", one_read(quarantine_at_once))],
        ("market entry",),
        faults=1,
    ),
    Mutant("a close forgets a working entry", lambda: row("5", entry_forgotten), ("limit in parts, close at 6",), 1),
    Mutant(
        "TTL cancels an unknown entry",
        lambda: [*row("5", unknown_cancelled), (reply, "cancelled", cancel_is_final)],
        ("limit entry, TTL at once",),
    ),
    Mutant(
        "a planned entry is sent all the same", lambda: row("1", sent_all_the_same), ("market entry taken back",), 1
    ),
    Mutant(
        "protects without a bound",
        lambda: [(decide, "REASONS", tuple(each for each in REASONS if each[0] != "protect_failed"))],
        ("no exits allowed",),
        faults=1,
    ),
    Mutant(
        "four failed closes forget the reason",
        lambda: [(decide, "close_paused", reason_forgotten)],
        ("market closed, close asked",),
        faults=1,
    ),
    Mutant("a sellable rest is called dust", lambda: [(Scene, "sellable", Scene.protectable)], ("unprotectable",)),
    Mutant(
        "rebuilt from open orders only",
        lambda: [(rebuild, "own_orders", open_only)],
        ("store lost at 1", "store lost at 4"),
    ),
    Mutant(
        "an operator's close clears the flag alone",
        lambda: [(lifecycle, "close", flag_cleared)],
        ("in doubt, market entry",),
    ),
    Mutant("a drop leaves the exits", lambda: row("7", exits_forgotten), ("in doubt, trail",), 1),
    Mutant("a drop still counts what is held", lambda: [(lifecycle, "drop", dropped_in_part)], ("closed for good",), 0),
    Mutant(
        "levels are moved before the old exit is gone", lambda: row("15a", moved_at_once), ("levels, own coins",), 1
    ),
    Mutant(
        "moved levels are placed and not told",
        lambda: [(module, "with_levels", levels_kept) for module in (decide, fold)],
        ("levels at 3",),
        faults=1,
    ),
    Mutant("a horizon counted from a frozen commit", lambda: [(daemon, "GUARD", False)], ("close at 2, own coins",)),
)


@contextmanager
def mutated(mutant: Mutant) -> Iterator[None]:
    with ExitStack() as stack:
        for target, name, value in mutant.patches():
            stack.enter_context(patch.object(target, name, value))
        yield


def hunted_by_name(name: str) -> Explored:
    """For another process: functions made on the spot do not travel."""
    return hunted(next(mutant for mutant in (*EIGHT, *READINGS) if mutant.name == name))


def hunted(mutant: Mutant, until_broken: bool = False) -> Explored:
    """What it breaks, in its scenarios; `until_broken`: no more than the first second of a scenario that shows it."""
    by_name = {scenario.name: scenario for scenario in all_scenarios()}
    with mutated(mutant):
        return together(explored(by_name[name], mutant.faults, until_broken) for name in mutant.scenarios)


def shortest(result: Explored) -> Finding:
    """What loses money before what is merely impossible or a false alarm; fewest faults, then soonest."""
    return min(
        result.shortest.values(), key=lambda each: (not each.broken.startswith(LOSSES), each.faults, each.second)
    )


LOSSES = ("I1 ", "I2 ", "I6 ", "I7 ")

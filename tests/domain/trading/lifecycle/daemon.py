"""The model daemon and the wire: all ways in which one second may go.

Whatever may go wrong is a choice that costs one of the faults a history may have; all else happens by itself. The
daemon does what the real one has to do: commit, send, commit the answer, and read before it ticks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from types import MappingProxyType
from typing import Any, NamedTuple

from opentrader.domain.trading import lifecycle
from opentrader.domain.trading.lifecycle import Trade
from opentrader.domain.trading.looks import VenueView, Watch, everything
from opentrader.domain.trading.venue import (
    Accepted,
    Balance,
    CancelList,
    CancelOrder,
    Close,
    Effect,
    Outcome,
    PlaceEntry,
    PlaceList,
    PlaceStop,
    Refused,
    ReplaceList,
    Unknown,
)

from .venue import Venue, amount, applied, fill_of, looked_up, price, rendered
from .world import NOTHING, SECOND, H, R, Scenario, World, X, by_itself, dropped, instant

Choice = tuple[World, tuple[str, ...]]
# What the code around `tick` owes it; mutants do without.
GUARD = True  # a request that was committed long ago is not sent
JOURNAL_FIRST = True  # the record is committed before the request is written

# --- what a read shows -----------------------------------------------------------------------------------------


class Lag(NamedTuple):
    """How many seconds each part of a read lies behind; None: it failed."""

    cids: int | None = 0
    open: int | None = 0
    history: int | None = 0
    balance: int | None = 0
    fills: int | None = 0


FRESH = Lag()
READS: tuple[tuple[str, Lag], ...] = (
    ("fails", Lag(None, None, None, None, None)),
    ("lags", Lag(R, R, R, R, R)),
    ("lags a little", Lag(1, 1, 1, 1, 1)),
    ("orders lag", Lag(R, R, R, 0, 0)),
    ("look-up lags", Lag(cids=R)),
    ("history lags", Lag(history=R)),
    ("balance lags", Lag(balance=R)),
    ("trades lag", Lag(fills=R)),
    ("no history", Lag(history=None)),
    ("no look-up", Lag(cids=None)),
)


def source(world: World, lag: int | None) -> Venue | None:
    return None if lag is None else world.venue if lag == 0 else world.past[lag - 1]


def view(scenario: Scenario, world: World, watch: Watch, lag: Lag, second: int) -> VenueView:
    """What a look at these parts and orders shows."""
    cids, opened, history, balance, fills = (source(world, part) for part in lag)
    asked = (*watch.orders, *watch.lists)
    found = {cid: told for cid in asked if cids is not None and (told := looked_up(cids, cid))}
    parts: dict[Any, Any] = {
        "price": None if lag.open is None else price(scenario.last(second)),
        "balance": balance and Balance(amount(balance.base - balance.locked), amount(balance.locked)),
        "open_orders": opened and tuple(rendered(order) for order in opened.orders if order.open),
        "history": history and tuple(map(rendered, history.orders)),
        "fills": fills and tuple(fill_of(order) for order in fills.orders if order.cum),
    }
    read = {part: value for part, value in parts.items() if part in watch.parts}
    failed = {part for part, value in read.items() if value is None}
    return VenueView(
        scenario.rules.filters,
        instant(second),
        last=read.pop("price", None),
        **read,
        found=MappingProxyType(found),
        missing=frozenset(cid for cid in asked if cid not in found) if cids is not None else frozenset(),
        failed=frozenset(failed | (set(asked) if cids is None else set())),
    )


# --- what a write may come to ----------------------------------------------------------------------------------


class Wire(NamedTuple):
    """One way that a request and its answer may go. `late`: seconds until it arrives; None: it never does."""

    name: str
    late: int | None = 0
    answer: bool = False
    refusal: Refused | None = None
    down: int = 0  # the daemon is killed for so many seconds
    frozen: bool = False
    excuse: int = X


LOST = Wire("is lost", None)
MUTE = Wire("is done, no answer")
LATE = tuple(Wire(f"arrives {late} s late", late) for late in range(1, H))
KILLS = (
    Wire("killed before", None, down=1, excuse=X + 1),
    Wire("killed before, long", None, down=H + R + 1, excuse=X + H + R + 1),
    Wire("killed after", down=1, excuse=X + 1),
    Wire("killed after, long", down=H + R + 1, excuse=X + H + R + 1),
    Wire("killed, arrives late", H - 1, down=1, excuse=X + 1),
)
FROZEN = Wire("frozen before", None, down=H + R + 1, frozen=True, excuse=H + R + 3)
REFUSED = Wire("refused", refusal=Refused("other", -1000), excuse=2)
RATE = Wire("refused, retry later", refusal=Refused("rate", -1003, retry_after=2 * SECOND), excuse=4)
BALANCE = Wire("refused, balance", refusal=Refused("balance", -2010), excuse=2)
WIRES = (REFUSED, RATE, LOST, MUTE, *LATE, *KILLS, FROZEN)


def wires(effect: Effect) -> tuple[Wire, ...]:
    if isinstance(effect, PlaceList | Close):
        return (*WIRES, BALANCE)
    return WIRES


NAMES = {
    PlaceEntry: "entry",
    PlaceList: "list",
    PlaceStop: "stop",
    ReplaceList: "replace",
    Close: "close",
    CancelOrder: "cancel",
    CancelList: "cancel list",
}


def named(effect: Effect) -> str:
    cid = effect.stop.cid if isinstance(effect, ReplaceList) else effect.cid
    return f"{NAMES[type(effect)]} {cid[2] if cid.startswith('OT') else cid[:2]}{int(cid[-2:], 36)}"


# --- one second ------------------------------------------------------------------------------------------------


def commanded(scenario: Scenario, trade: Trade, second: int) -> Trade:
    now = instant(second)
    for at, what, level in scenario.commands:
        if at != second or trade is NOTHING:
            continue
        if what == "close":
            trade = lifecycle.close(trade, "asked", now)
        elif what == "cancel":
            trade = lifecycle.cancel_entry(trade)
        elif what == "levels":
            trade = moved(scenario, trade, level, second)
        else:
            trade = lifecycle.trail(trade, price(level), scenario.rules.filters, now, scenario.settings)
    return trade


def moved(scenario: Scenario, trade: Trade, level: int, second: int) -> Trade:
    """A person moves the stop to a level and the target to one that is as far away, as the real daemon lets them."""
    last = scenario.last(second)
    if trade.label != "PROTECTED" or trade.close_reason or not level * 1.02 < last < (level + 30) * 0.98:
        return trade
    return lifecycle.move(trade, price(level), price(level + 30))


SETTLES = 2 * (H + R + 1)  # seconds until what an operator has decided has come to its end


def pressed(scenario: Scenario, world: World, second: int) -> Iterator[Choice]:
    """What an operator may do about a quarantine, in the second after it began; twice, if it comes again."""
    yield world, ()
    late = second > scenario.ends_at - SETTLES or second < world.down_until
    if late or not scenario.attended or world.stood != 1 or len(world.pressed) == 2:
        return
    now, again = instant(second), world.allowed + world.bare
    closed = lifecycle.close(world.trade, "close", now)
    yield (
        world._replace(trade=closed, pressed=world.pressed + "c", allowed=again),
        (f"{second}: an operator closes",),
    )
    gone = lifecycle.drop(world.trade, now)
    yield (
        world._replace(trade=gone, pressed=world.pressed + "d", dropped=dropped(world), bare=0),
        (f"{second}: an operator drops",),
    )


def plain(trade: Trade) -> Trade:
    """Without the instants of its alerts: no decision looks at them, and equal states may meet."""
    if not any(alert.at for alert in trade.alerts):
        return trade
    alerts = sorted((replace(alert, at=0) for alert in trade.alerts), key=lambda alert: alert.code)
    return replace(trade, alerts=tuple(alerts))


def lived(scenario: Scenario, world: World, second: int) -> Iterator[Choice]:
    """All ways in which one second may go."""
    for asked, events in pressed(scenario, by_itself(scenario, world, second)._replace(rounds=0), second):
        for after, more in passed(scenario, asked, second):
            yield after, events + more


def passed(scenario: Scenario, world: World, second: int) -> Iterator[Choice]:
    """The second goes on: what was asked for, a kill that lasts, or a check."""
    trade = commanded(scenario, world.trade, second)  # what was asked was committed: it outlives a kill
    world = world._replace(trade=trade)
    if second == scenario.lost_at > 0:
        world = lost(world, second)
    if second < world.down_until:
        yield world, ()
        return
    if world.frozen is not None and world.trade is NOTHING:
        world = world._replace(frozen=None)
    if world.down_until == second and world.frozen is None and world.trade is not NOTHING:
        world = world._replace(trade=lifecycle.booted(world.trade, instant(second), scenario.settings))
    world = world._replace(down_until=-1)
    if world.frozen is not None:
        effect, world = world.frozen, world._replace(frozen=None)
        yield from woken(scenario, world, effect, second)
        return
    yield from looked(scenario, world, second)


def lost(world: World, second: int) -> World:
    """The store is gone, and the process with it; the next one starts in a second, as another instance."""
    down_until = max(world.down_until, second + 1)
    return world._replace(trade=NOTHING, frozen=None, down_until=down_until, allowed=world.allowed + H + R + 2)


def recovered(scenario: Scenario, told: VenueView, second: int) -> Trade:
    """What the venue alone tells a daemon without a store."""
    if not told.complete:
        return NOTHING
    boot_at = instant(scenario.lost_at + 1)
    trades = lifecycle.rebuilt(told, "zZ9y", boot_at, (), scenario.settings).trades
    return trades[0] if trades else NOTHING


def woken(scenario: Scenario, world: World, effect: Effect, second: int) -> Iterator[Choice]:
    """The process goes on where it was stopped: just before the write. The request is too old to be sent."""
    if not GUARD:
        yield from written(scenario, world, effect, second)
        return
    trade = lifecycle.answered(world.trade, effect, Refused("late"), "BTC", instant(second))
    yield world._replace(trade=plain(trade), down_until=second), (f"{second}: {named(effect)} not sent: late",)


def lags(world: World, scenario: Scenario, second: int) -> Iterator[tuple[str, Lag]]:
    """The reads that can happen; a lag that changes nothing is none."""
    yield "", FRESH
    if not world.faults or second > scenario.faults_until:
        return
    seen = {tuple(map(id, (source(world, part) for part in FRESH)))}
    for name, lag in READS:
        parts = tuple(map(id, (source(world, part) for part in lag)))
        if parts not in seen:
            seen.add(parts)
            yield name, lag


Decision = tuple[Trade, Effect | None]
DECIDED: dict[tuple[object, ...], Decision] = {}  # in this second, by all that a check depends on


def decided(scenario: Scenario, world: World, lag: Lag, second: int) -> Decision:
    """What a check leads to: an equal trade that is shown the same in the same second decides the same."""
    shown = tuple(source(world, part) for part in lag)
    key = (world.trade, shown, lag == FRESH, world.rounds > 0)
    known = DECIDED.get(key)
    if known is None:
        known = DECIDED[key] = checked(scenario, world, lag, second)
    return known


def checked(scenario: Scenario, world: World, lag: Lag, second: int) -> Decision:
    """A check, as the loop makes it: look at what is due, else tick from memory, and look again where that asks.

    After an accepted request, and at a command, nothing is due: what is known decides what has to be read. But an event
    of the venue may ask for a look at any time, and that look may lag.
    """
    now, trade = instant(second), world.trade
    fresh = lag == FRESH and (world.rounds or any(at == second for at, _, _ in scenario.commands))
    read_at = {leg.cid: now for leg in trade.legs} if fresh else {}
    seen = VenueView(scenario.rules.filters, now)
    ticked = lifecycle.considered(trade, seen, now, read_at, scenario.settings)
    while ticked.more:
        seen = seen.then(view(scenario, world, ticked.more, lag, second))
        ticked = lifecycle.tick(trade, seen, now, scenario.settings)
    return ticked.trade, ticked.effect


def looked(scenario: Scenario, world: World, second: int) -> Iterator[Choice]:
    """Read, tick, and send what the tick wants sent. A lag that leads to the same decision is none."""
    if world.faults and second <= scenario.faults_until and not world.rounds:
        died = world._replace(faults=world.faults - 1, allowed=world.allowed + 2, down_until=second + 1)
        yield died, (f"{second}: killed while reading",)
    known = list[Decision]()
    for name, lag in lags(world, scenario, second):
        if world.trade is NOTHING:
            told = view(scenario, world, everything(scenario.rules.filters.symbol, 0), lag, second)
            found: Decision = (recovered(scenario, told, second), None)
            if found[0] is not NOTHING:
                found = decided(scenario, world._replace(trade=found[0]), lag, second)
        else:
            found = decided(scenario, world, lag, second)
        if found not in known:
            known.append(found)
            yield from acted(scenario, world, *found, name, second)


def acted(
    scenario: Scenario, world: World, trade: Trade, effect: Effect | None, name: str, second: int
) -> Iterator[Choice]:
    after = world._replace(trade=plain(trade))
    events: tuple[str, ...] = ()
    if name:
        after = after._replace(faults=world.faults - 1, allowed=world.allowed + R + 2)
        events = (f"{second}: read {name}",)
    if effect is None:
        yield after, events
        return
    for final, more in written(scenario, after, effect, second):
        unjournalled = not JOURNAL_FIRST and final.down_until > second and final.frozen is None
        yield final._replace(trade=world.trade) if unjournalled else final, events + more


def written(scenario: Scenario, world: World, effect: Effect, second: int) -> Iterator[Choice]:
    """The request goes well, or in one of the other ways."""
    venue, outcome = applied(world.venue, effect, scenario.last(second), instant(second), scenario.rules)
    event = f"{second}: {named(effect)}"
    well = heard(scenario, world._replace(venue=venue), effect, outcome, second)
    if isinstance(outcome, Accepted) and world.rounds < 8:
        for final, more in looked(scenario, well._replace(rounds=world.rounds + 1), second):
            yield final, (event, *more)
    else:
        yield well, (f"{event} {getattr(outcome, 'reason', 'ok')}",)
    if world.faults and second <= scenario.faults_until:
        for wire in wires(effect):
            yield badly(scenario, world, effect, wire, second, venue), (f"{event} {wire.name}",)


def badly(scenario: Scenario, world: World, effect: Effect, wire: Wire, second: int, done: Venue) -> World:
    world = world._replace(faults=world.faults - 1, allowed=world.allowed + wire.excuse)
    if wire.refusal:
        return heard(scenario, world, effect, wire.refusal, second)
    if wire.late:
        world = world._replace(pending=(*world.pending, (second + wire.late, effect)))
    elif wire.late == 0:
        world = world._replace(venue=done)
    if wire.down:
        return world._replace(down_until=second + wire.down, frozen=effect if wire.frozen else None)
    return heard(scenario, world, effect, Unknown(), second)


def heard(scenario: Scenario, world: World, effect: Effect, outcome: Outcome, second: int) -> World:
    trade = lifecycle.answered(world.trade, effect, outcome, "BTC", instant(second))
    return world._replace(trade=plain(trade))

"""The model world: one trade and its venue, and what happens by itself, second by second."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import NamedTuple

from opentrader.domain.trading import lifecycle
from opentrader.domain.trading.lifecycle import Intent, LifecycleSettings, Trade
from opentrader.domain.trading.lifecycle.ids import ours
from opentrader.domain.trading.venue import Effect

from .venue import STEP, UNIT, Placed, Rules, Venue, amount, applied, matched, price, traded

SECOND = 1000
START = 1_000_000  # instants are never 0: that means never
SETTINGS = LifecycleSettings(
    horizon=4 * SECOND,
    read_lag=2 * SECOND,
    vote_gap=SECOND,
    partial_protect_after=3 * SECOND,
    tp_rest_after=3 * SECOND,
    gap_after=2 * SECOND,
    close_pause=6 * SECOND,
    listed=2 * SECOND,
    longest_pause=12 * SECOND,
    budget_window=6 * SECOND,
    unseen_page=9 * SECOND,
    unseen_quarantine=12 * SECOND,
    unknown_page=12 * SECOND,
    trail_every=0,
    stop_gap=Decimal("0.02"),
)
H, R = SETTINGS.horizon // SECOND, SETTINGS.read_lag // SECOND
X = SETTINGS.bare_limit // SECOND
ULID = "01HZY3Q8V6W7X8Y9Z0A1B2C3D4"


class Scenario(NamedTuple):
    """What happens by itself. Seconds count from 0; `prices` are (from second, price)."""

    name: str
    kind: str = "market"
    rules: Rules = Rules()
    settings: LifecycleSettings = SETTINGS
    own: int = 0  # the user's own coins, in units
    qty: int = 10 * STEP
    ttl: int = 0
    prices: tuple[tuple[int, int], ...] = ((0, 100),)
    fills: tuple[tuple[int, int], ...] = ()  # of a limit entry: second, units
    target_part: int = 0  # a target fills so much and no more
    commands: tuple[tuple[int, str, int], ...] = ()  # second, what, level
    acts: tuple[tuple[int, str], ...] = ()  # what the user does by hand
    lost_at: int = 0  # the store is lost
    faults_until: int = 14
    ends_at: int = 44
    patience: int = 0  # seconds without an exit that the scenario itself costs
    most_faults: int = 2  # one where a trade tries again and again, for each try may go wrong
    attended: bool = False  # an operator comes when it is in quarantine
    stuck: bool = False  # its venue sells nothing for good: only a drop ends the quarantine
    doubt: bool = False  # its venue bounds no delay, so that an order without an answer ends in quarantine

    @property
    def over_at(self) -> int:
        """From this second on nothing happens that the scenario has foreseen, and no fault."""
        moments = [second for second, *_ in (*self.prices, *self.fills)]
        moments += [second for second, *_ in self.commands] + [second for second, _ in self.acts]
        return max(*moments, self.ttl, self.lost_at) + 1

    def last(self, second: int) -> int:
        return [px for since, px in self.prices if since <= second][-1]


# A daemon that has lost its store and has not found a trade at the venue.
ZERO_QTY, ONE = amount(0), price(1)
NOTHING = lifecycle.planned(Intent("", "market", "BTCUSDT", "buy", ZERO_QTY, ONE, ONE, ONE, 0, 0, "zZ9y"))


class Dropped(NamedTuple):
    """What was known of a trade when it was dropped, in units. `cids`: of all orders that it had sent by then."""

    bought: int
    sold: int
    given: int
    cids: frozenset[str]


class World(NamedTuple):
    venue: Venue
    past: tuple[Venue, ...]  # as it was at the end of the last seconds, newest first
    trade: Trade
    faults: int  # still to come
    pending: tuple[tuple[int, Effect], ...] = ()
    down_until: int = -1
    frozen: Effect | None = None
    rounds: int = 0
    bare: int = 0
    allowed: int = 2  # seconds without an exit that this history's faults excuse
    hand: int = 0  # sold by the user's own hand out of the position
    pressed: str = ""  # what an operator has done about quarantines: `c` for each close, `d` for each drop
    stood: int = 0  # seconds in quarantine, as far as they matter
    dropped: Dropped | None = None


def instant(second: int) -> int:
    return START + second * SECOND


def begun(scenario: Scenario, faults: int) -> World:
    intent = Intent(
        ULID,
        scenario.kind,  # type: ignore[arg-type]  # a scenario keeps it as a plain word
        "BTCUSDT",
        "buy",
        amount(scenario.qty),
        price(100),
        price(90),
        price(120),
        instant(scenario.ttl) if scenario.ttl else 0,
        START,
        "aB3d",
    )
    venue = Venue(base=scenario.own)
    return World(venue, (venue,) * R, lifecycle.planned(intent), faults)


def by_itself(scenario: Scenario, world: World, second: int) -> World:
    """What the venue and the user do: late requests arrive, the price moves, orders fill."""
    rules, now, last = scenario.rules, instant(second), scenario.last(second)
    venue = world.venue
    for at, effect in world.pending:
        if at <= second:  # just before the price moves
            venue, _ = applied(venue, effect, scenario.last(max(0, second - 1)), now, rules)
    venue = matched(venue, last, now, rules, scenario.target_part)
    for at, qty in scenario.fills:
        entry = next((order for order in venue.orders if not order.sell and order.open), None)
        if at == second and entry:
            venue = traded(venue, entry.ex_id, qty, entry.px, now, rules)
    world = world._replace(venue=venue, pending=tuple(each for each in world.pending if each[0] > second))
    if held(world) - covered(world) <= STEP:
        world = world._replace(bare=0)
    for at, act in scenario.acts:
        world = ACTS[act](world, now, last, rules) if at == second else world
    return world


def hand_cancel(world: World, now: int, last: int, rules: Rules) -> World:
    """The user takes our exits away."""
    ended = [
        order._replace(status="CANCELED", updated=now)
        for order in world.venue.orders
        if order.sell and order.open and order.cid.startswith("OT")
    ]
    return world._replace(venue=world.venue.changed(*ended))


def hand_close(world: World, now: int, last: int, rules: Rules) -> World:
    """The user takes our exits away and sells what the trade holds.

    Where there was no exit to take away and his own coins suffice, nobody can tell whose coins he sold: then they
    were his own.
    """
    qty, guarded = held(world) // STEP * STEP, covered(world) > 0
    world = hand_cancel(world, now, last, rules)
    if qty <= 0:
        return world
    whose = qty if guarded or world.venue.base - held(world) < qty else 0
    venue = world.venue
    order = Placed("web_1", len(venue.orders), True, "MARKET", "OPEN", qty, 0, 0, created=now, updated=now)
    venue = traded(venue.added(order), order.ex_id, qty, last, now, rules)
    return world._replace(venue=venue, hand=world.hand + whose)


def hand_sell(world: World, now: int, last: int, rules: Rules) -> World:
    """The user sells coins of his own."""
    venue = world.venue
    order = Placed("web_2", len(venue.orders), True, "MARKET", "OPEN", 12 * STEP, 0, 0, created=now, updated=now)
    return world._replace(venue=traded(venue.added(order), order.ex_id, order.qty, last, now, rules))


def hand_entry(world: World, now: int, last: int, rules: Rules) -> World:
    """The user cancels our entry."""
    ended = [
        order._replace(status="CANCELED", updated=now) for order in world.venue.orders if not order.sell and order.open
    ]
    return world._replace(venue=world.venue.changed(*ended))


ACTS: dict[str, Callable[[World, int, int, Rules], World]] = {
    "cancels the stop": hand_cancel,
    "closes by hand": hand_close,
    "sells his own": hand_sell,
    "cancels the entry": hand_entry,
}


def held(world: World) -> int:
    """P by the venue's own ledger, in units. What was dropped is held no more; what was in doubt then may sell it."""
    buys = sum(order.cum - order.fee for order in world.venue.orders if not order.sell)
    sells = [order for order in world.venue.orders if order.sell and order.cid.startswith("OT")]
    if world.dropped is None:
        return buys - sum(order.cum for order in sells) - world.hand
    old = sum(order.cum for order in sells if order.cid in world.dropped.cids)
    late = max(0, old - world.dropped.sold - world.dropped.given)
    return buys - world.dropped.bought - sum(order.cum for order in sells) + old - late


def dropped(world: World) -> Dropped:
    """By what the daemon knows of its orders: what it finds out later was not given up."""
    bought = sold = 0
    for leg in world.trade.legs:
        cum = int(leg.cum / UNIT)
        sold += cum if leg.kind != "E" else 0
        order = next((order for order in world.venue.orders if order.cid == leg.cid and not order.sell), None)
        bought += cum - order.fee * cum // order.cum if order and order.cum else 0
    cids = frozenset(cid for leg in world.trade.legs for cid in leg.cids)
    return Dropped(bought, sold, max(0, bought - sold - int(world.trade.adj / UNIT)), cids)


def covered(world: World) -> int:
    """What live stops of ours would sell; one that has triggered without a fill covers nothing."""
    return sum(
        order.rest
        for order in world.venue.orders
        if order.sell and order.open and ours(order.cid) and order.stop and not order.triggered
    )


def quiet(scenario: Scenario, world: World, second: int) -> bool:
    """Whether every later second will be like this one, so that the history can be judged now."""
    trade = world.trade
    restless = any(leg.in_flight or (leg.live and (leg.cancel_sent or leg.flag)) for leg in trade.legs)
    if restless or world.pending or world.bare or second < world.down_until or second < scenario.over_at:
        return False
    if world.faults and second <= scenario.faults_until:
        return False
    still = all(past is world.venue for past in world.past)
    if trade is NOTHING:
        return still and not world.venue.orders
    waits = trade.want or trade.rep_old or trade.move == "asked"
    return still and trade.label in {"FLAT", "DUST", "PROTECTED"} and not waits


def aged(world: World) -> World:
    """The end of a second: what a lagging reader will still show."""
    return world._replace(past=(world.venue, *world.past[: R - 1]), rounds=0)

"""What is explored: what the market, the venue and the user do by themselves, and what is asked when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from .venue import STEP, Rules
from .world import SECOND, SETTINGS, START, Scenario

OWN = 50 * STEP  # coins of the user's own, more than a trade of ours
FEE = Rules(fee=100)
STOP_LIMIT = Rules(market_stop=False)
REPLACE = Rules(cancel_replace=True)
NO_LISTS = Rules(lists=False)
HALF, DUST = 5 * STEP, 2 * STEP
# So that 2 steps are dust, 3 steps may be sold from 110 on and 4 be protected.
NOTIONAL = Rules(min_notional=300)
RISEN = ((0, 100), (5, 112))


def entries() -> Iterator[Scenario]:
    for rules, name in ((Rules(), ""), (FEE, ", fee in base"), (Rules(thin=HALF), ", thin book")):
        yield Scenario(f"market entry{name}", rules=rules)
        yield Scenario(f"market entry{name}, own coins", rules=rules, own=OWN)
    yield Scenario("limit entry filled", "limit", fills=((3, 100),))
    yield Scenario("limit entry filled, fee", "limit", FEE, fills=((3, 100),))
    yield Scenario("limit entry in two parts", "limit", fills=((2, HALF), (8, HALF)), patience=4)
    yield Scenario(
        "limit entry in two parts, own coins, fee", "limit", FEE, own=OWN, fills=((2, HALF), (8, HALF)), patience=4
    )
    yield Scenario("limit entry in two quick parts", "limit", fills=((2, HALF), (4, HALF)), patience=4)
    yield Scenario("limit entry never filled", "limit", ttl=6)
    yield Scenario("limit entry in part, TTL", "limit", ttl=7, fills=((3, HALF),), patience=4)
    yield Scenario("limit entry in part, TTL, own coins", "limit", own=OWN, ttl=7, fills=((3, HALF),), patience=4)
    yield Scenario("limit entry filled at the TTL", "limit", ttl=6, fills=((3, HALF), (6, HALF)), patience=4)
    soon = ((0, 100), (4, 125))
    yield Scenario(
        "limit entry filled, fee, own coins, target soon", "limit", FEE, own=OWN, fills=((3, 100),), prices=soon
    )
    yield Scenario("limit entry, TTL at once", "limit", ttl=1, fills=((5, HALF),), own=OWN)
    yield Scenario("limit entry, TTL soon", "limit", ttl=2, fills=((4, HALF),), own=OWN)


def dust() -> Iterator[Scenario]:
    yield Scenario("dust, TTL", "limit", NOTIONAL, ttl=7, fills=((3, DUST),))
    yield Scenario("dust, TTL, price rises", "limit", NOTIONAL, ttl=7, fills=((3, DUST),), prices=RISEN)
    yield Scenario("unprotectable, TTL", "limit", NOTIONAL, ttl=7, fills=((3, 3 * STEP),), prices=RISEN, patience=6)
    yield Scenario("unprotectable", "limit", NOTIONAL, ttl=7, fills=((3, 3 * STEP),), own=OWN, prices=RISEN, patience=6)
    yield Scenario("dust, closed", "limit", NOTIONAL, fills=((3, DUST),), commands=((6, "close", 0),))
    yield Scenario("dust grows", "limit", NOTIONAL, fills=((3, DUST), (7, 8 * STEP)), patience=4)


def closes() -> Iterator[Scenario]:
    for second in range(13):
        asked = ((second, "close", 0),)
        yield Scenario(f"close at {second}", commands=asked)
        yield Scenario(f"close at {second}, own coins", rules=FEE, own=OWN, commands=asked)
        parts = ((2, HALF), (8, HALF))
        yield Scenario(f"limit in parts, close at {second}", "limit", own=OWN, fills=parts, commands=asked, patience=4)
    for second in range(0, 10, 2):
        asked = ((second, "cancel", 0),)
        yield Scenario(
            f"entry taken back at {second}", "limit", fills=((3, HALF), (7, HALF)), commands=asked, patience=4
        )
    for second in (8, 9):
        rising = ((0, 100), (second, 125))
        yield Scenario(
            f"close at 6, own coins, target at {second}", own=OWN, commands=((6, "close", 0),), prices=rising
        )
    yield Scenario("market entry taken back", commands=((0, "cancel", 0),))


def prices() -> Iterator[Scenario]:
    for own in (0, OWN):
        name = ", own coins" if own else ""
        for second in (1, 4, 8):
            yield Scenario(f"target hit at {second}{name}", own=own, prices=((0, 100), (second, 125)))
            yield Scenario(f"stop hit at {second}{name}", own=own, prices=((0, 100), (second, 85)))
        yield Scenario(f"target in part{name}", own=own, prices=((0, 100), (6, 120)), target_part=HALF, patience=4)
        yield Scenario(
            f"target in part, then falls{name}",
            own=own,
            prices=((0, 100), (6, 120), (8, 80)),
            target_part=HALF,
            patience=4,
        )
        yield Scenario(f"stop jumped over{name}", rules=STOP_LIMIT, own=own, prices=((0, 100), (6, 80)), patience=4)
        yield Scenario(f"stop-limit fills{name}", rules=STOP_LIMIT, own=own, prices=((0, 100), (6, 90)), patience=4)
        yield Scenario(f"target hit, falls{name}", own=own, prices=((0, 100), (1, 125), (2, 100), (7, 85)))
        yield Scenario(f"swings{name}", own=own, prices=((0, 100), (3, 92), (5, 119), (7, 91), (9, 85)))
    yield Scenario("limit in part, falls", "limit", fills=((2, HALF),), prices=((0, 100), (4, 85)), patience=4)
    yield Scenario("limit in part, rises", "limit", fills=((2, HALF),), prices=((0, 100), (8, 125)), patience=4)


def refusals() -> Iterator[Scenario]:
    """A venue that says no for long."""
    no_exits = Rules(no_exits=True)
    yield Scenario("no exits allowed", rules=no_exits, patience=4)
    yield Scenario("no exits allowed, own coins", rules=no_exits, own=OWN, patience=4)
    closed = Rules(no_sales_until=START + 12 * SECOND)
    yield Scenario("market closed, close asked", rules=closed, own=OWN, commands=((3, "close", 0),), patience=12)
    neither = Rules(no_exits=True, no_sales_until=START + 16 * SECOND)
    yield Scenario("no exits, market closed", rules=neither, patience=26)
    attended = Scenario("neither, attended", rules=neither, patience=26, attended=True, most_faults=1)
    never = Rules(no_exits=True, no_sales_until=START + 1_000 * SECOND)
    yield attended
    yield attended._replace(name="closed for good", rules=never, stuck=True)
    yield attended._replace(name="closed for good, own coins", rules=never, own=OWN, stuck=True)


def doubts() -> Iterator[Scenario]:
    """A venue where a request may arrive at any time: what has no answer is never taken as absent."""
    unbounded = replace(SETTINGS, bounded=False)
    for name, given in (
        ("market entry", Scenario("")),
        ("own coins", Scenario("", own=OWN)),
        ("close", Scenario("", own=OWN, commands=((3, "close", 0),))),
        ("trail", Scenario("", rules=REPLACE, commands=((5, "trail", 95),))),
        ("limit in parts", Scenario("", "limit", own=OWN, fills=((2, HALF), (8, HALF)))),
    ):
        yield given._replace(name=f"in doubt, {name}", settings=unbounded, patience=8, attended=True, doubt=True)


def thin() -> Iterator[Scenario]:
    """Sells that fill in part, or find nobody and expire."""
    parts, nobody = Rules(sale_part=4 * STEP), Rules(no_buyers_until=START + 12 * SECOND)
    asked, fallen = ((3, "close", 0),), ((0, 100), (4, 85))
    yield Scenario("closed in parts", rules=parts, commands=asked, patience=6)
    yield Scenario("stop fills in part", rules=parts, prices=fallen, patience=6)
    jumped = parts._replace(market_stop=False)
    yield Scenario("jumped over, sold in parts", rules=jumped, prices=((0, 100), (6, 80)), patience=8)
    for own in (0, OWN):
        given = Scenario("", rules=nobody, own=own, most_faults=1)
        name = ", own coins" if own else ""
        yield given._replace(name=f"nobody buys, close asked{name}", commands=asked, patience=14)
        yield given._replace(name=f"nobody buys, stop hit{name}", prices=fallen, patience=20)


def trails() -> Iterator[Scenario]:
    for rules, how in ((Rules(), "T3"), (REPLACE, "T1"), (NO_LISTS, "stop alone")):
        for second in (2, 5):
            asked = ((second, "trail", 95),)
            yield Scenario(f"trail at {second}, {how}", rules=rules, commands=asked)
            yield Scenario(f"trail at {second}, {how}, own coins", rules=rules, own=OWN, commands=asked)
        asked = ((3, "trail", 95),)
        yield Scenario(f"trail, {how}, falls through", rules=rules, own=OWN, commands=asked, prices=((0, 100), (4, 94)))
        yield Scenario(f"trail, {how}, falls far", rules=rules, commands=asked, prices=((0, 100), (4, 85)))
        yield Scenario(f"trail, {how}, closed", rules=rules, own=OWN, commands=(*asked, (4, "close", 0)))
        twice = (*asked, (7, "trail", 97))
        yield Scenario(f"trail twice, {how}", rules=rules, commands=twice)
        yield Scenario(f"trail, {how}, target", rules=rules, own=OWN, commands=asked, prices=((0, 100), (6, 125)))
    yield Scenario(
        "trail while in parts", "limit", fills=((2, HALF), (8, HALF)), commands=((6, "trail", 95),), patience=4
    )


def levels() -> Iterator[Scenario]:
    """A person moves the stop to 95 and the target to 125, or back down to the first stop."""
    for second in range(1, 13):
        yield Scenario(f"levels at {second}", commands=((second, "levels", 95),))
    for rules, how in ((Rules(), "list"), (NO_LISTS, "stop alone"), (REPLACE, "replacing"), (FEE, "fee")):
        asked = (3, "levels", 95)
        down, falls = ((7, "levels", 90),), ((0, 100), (4, 94))
        yield Scenario(f"levels up and down, {how}", rules=rules, own=OWN, commands=(asked, *down))
        yield Scenario(f"levels, {how}, falls through", rules=rules, own=OWN, commands=(asked,), prices=falls)
        back = ((0, 100), (8, 92))
        yield Scenario(f"levels back down, {how}, falls", rules=rules, commands=(asked, *down), prices=back)
        yield Scenario(f"levels, {how}, closed", rules=rules, commands=(asked, (4, "close", 0)))
        yield Scenario(f"levels, {how}, trailed", rules=rules, commands=(asked, (5, "trail", 97)))
    yield Scenario("levels, own coins", own=OWN, commands=((3, "levels", 95),))
    yield Scenario("levels, target", own=OWN, commands=((3, "levels", 92),), prices=((0, 100), (4, 121), (8, 123)))
    yield Scenario("levels, store lost", own=OWN, commands=((3, "levels", 95),), lost_at=4, patience=8)


def lost() -> Iterator[Scenario]:
    for second in (1, 2, 4, 7):
        yield Scenario(f"store lost at {second}", lost_at=second, patience=8)
        yield Scenario(f"store lost at {second}, own coins, fee", rules=FEE, own=OWN, lost_at=second, patience=8)
        parts = ((2, HALF), (9, HALF))
        yield Scenario(f"store lost at {second}, limit in parts", "limit", fills=parts, lost_at=second, patience=12)
    yield Scenario("store lost while closing", own=OWN, commands=((3, "close", 0),), lost_at=4, patience=8)
    yield Scenario("store lost while trailing", own=OWN, commands=((3, "trail", 95),), lost_at=4, patience=8)
    yield Scenario("store lost, TTL", "limit", fills=((2, HALF),), ttl=9, lost_at=3, patience=12)


def hands() -> Iterator[Scenario]:
    for second in (3, 5, 8):
        yield Scenario(f"closed by hand at {second}", acts=((second, "closes by hand"),), patience=6)
        yield Scenario(
            f"closed by hand at {second}, own coins", own=OWN, acts=((second, "closes by hand"),), patience=6
        )
        yield Scenario(f"stop cancelled by hand at {second}", acts=((second, "cancels the stop"),), patience=6)
        yield Scenario(
            f"stop cancelled by hand at {second}, own coins", own=OWN, acts=((second, "cancels the stop"),), patience=6
        )
    sells_then_cancels = ((4, "sells his own"), (6, "cancels the stop"))
    yield Scenario("sells his own, then cancels the stop", own=OWN, acts=sells_then_cancels, patience=6)
    cancels_then_sells = ((5, "cancels the stop"), (24, "sells his own"))
    yield Scenario(
        "cancels the stop, later sells his own", own=OWN, acts=cancels_then_sells, patience=6, faults_until=10
    )
    yield Scenario("entry cancelled by hand", "limit", fills=((2, HALF),), acts=((4, "cancels the entry"),), patience=6)


def all_scenarios() -> list[Scenario]:
    return [
        *entries(),
        *dust(),
        *closes(),
        *prices(),
        *refusals(),
        *doubts(),
        *thin(),
        *trails(),
        *levels(),
        *lost(),
        *hands(),
    ]

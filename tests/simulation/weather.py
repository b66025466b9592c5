"""What goes wrong, and when: windows during which something is bad, and faults that befall single calls.

Windows may overlap: each counts by itself, and when the last of a kind is over, what it changed is as it was.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Mapping
from contextvars import Context
from dataclasses import dataclass, field, replace
from decimal import Decimal
from random import Random
from typing import Literal, TypeVar, cast

from opentrader.exchange.paper.matching.book import Depth
from tests.fakes.garbage import spoiled_at_random

T = TypeVar("T")


WindowKind = Literal[
    "latency",  # a call takes this many seconds
    "outage",  # nothing of the venue answers
    "thin",  # an order book of this many levels, small ones; 0: empty
    "halt",  # symbols take no orders
    "gone",  # a symbol is not listed any more
    "disk",  # a commit takes this many seconds
    "full",  # the disk is full
    "fills",  # the list of fills is this many seconds behind, and the rates of their fees twice as many
    "mute",  # the stream shows signs of life, and keeps all else to itself
]
CallFault = Literal[
    "lost",  # never arrives
    "mute",  # is executed, and not answered
    "late",  # arrives seconds after its sender gave up
    "garbled",  # is executed; the answer cannot be read
    "hung",  # is never answered, and no connection breaks
    "stale",  # a read of an earlier state
    "number",  # one place of the answer is garbage: a number that is none, a wrong type
    "raises",  # a write is executed, and whoever sent it gets an exception
]


@dataclass(frozen=True, slots=True)
class Window:
    """Windows of one kind: mean seconds from one to the next, mean seconds of one, and how bad it is."""

    every: float
    lasts: float
    value: float = 0.0


@dataclass(frozen=True, slots=True)
class Streaming:
    """How well the venue pushes: the chances of an event to break the stream and to bring an old one along, and by how
    many seconds it is late at most.
    """

    breaks: float = 0.0
    repeats: float = 0.0
    late: float = 0.0


DEEP = Depth()
SHALLOW = Depth(spacing=Decimal("0.001"), level_notional=Decimal(400))


@dataclass(frozen=True, slots=True)
class Climate:
    """A class of weather. `chances`: of a fault, for each call. `kills`: mean seconds between two; 0 is never.
    `losses`: the same of the store, of which nothing is left then, or a copy of some time ago.

    `storms`: whether clients repeat themselves by the hundred while the venue is slow. `hands`: mean seconds between
    two things that the user does on the venue without us; 0 is never. `weight`: request weight that the venue allows
    a minute; who exceeds it is refused, and banned if he goes on. `bnb`: fees are paid in BNB. `push`: how the venue
    tells of changes, if it does. `depth`: of the order books; orders that are larger are filled in parts. `crowd`: many
    trades of few symbols, and coins that come and go beside them. `coins`: whether the user has some of each coin
    before we buy any.
    """

    latency: float = 0.05
    windows: Mapping[WindowKind, Window] = field(default_factory=dict)
    chances: Mapping[CallFault, float] = field(default_factory=dict)
    kills: float = 0.0
    losses: float = 0.0
    storms: bool = False
    hands: float = 0.0
    weight: int = 6_000
    bnb: bool = False
    push: Streaming | None = None
    depth: Depth = DEEP
    crowd: bool = False
    coins: bool = True


MIXED = Climate(
    latency=0.15,
    windows={
        "latency": Window(3_600, 60, 5.0),
        "outage": Window(3_600, 90),
        "thin": Window(3_600, 300),
        "halt": Window(3_600, 180),
        "disk": Window(3_600, 120, 0.4),
    },
    chances={"lost": 0.002, "mute": 0.002, "late": 0.001, "garbled": 0.001, "number": 0.002, "stale": 0.02},
    kills=3_600,
    hands=1_800,
)

CLIMATES: Mapping[str, Climate] = {
    "calm": Climate(),
    "far": Climate(latency=0.3),
    "storms": Climate(windows={"latency": Window(900, 120, 20.0)}, storms=True),
    "losses": Climate(chances={"lost": 0.01, "mute": 0.01, "late": 0.005, "garbled": 0.005}),
    "lag": Climate(chances={"stale": 0.2}),
    "numbers": Climate(chances={"number": 0.1}, push=Streaming(late=0.2)),
    "hangs": Climate(chances={"hung": 0.01}),
    "outages": Climate(latency=0.3, windows={"outage": Window(240, 60)}),
    "thin": Climate(windows={"thin": Window(900, 300)}),
    "halts": Climate(windows={"halt": Window(900, 300)}),
    "delistings": Climate(windows={"gone": Window(1_800, 900)}, kills=600),
    "limits": Climate(weight=1_200),
    "fees": Climate(bnb=True),
    "late fills": Climate(windows={"fills": Window(900, 600, 90.0)}, kills=1_800, bnb=True),
    "slow disk": Climate(windows={"disk": Window(900, 600, 1.2)}),
    "stuck disk": Climate(windows={"disk": Window(900, 300, 4.0)}),
    "full disk": Climate(windows={"full": Window(600, 120)}),
    "kills": Climate(kills=600),
    "hands": Climate(hands=600),
    "no coins": Climate(hands=120, coins=False),
    "raises": Climate(chances={"raises": 0.02}),
    "push": Climate(push=Streaming(late=0.2)),
    "hostile stream": Climate(
        latency=0.15,
        windows={"mute": Window(900, 120), "outage": Window(1_800, 30)},
        chances={"stale": 0.1, "lost": 0.002},
        kills=1_800,
        hands=900,
        push=Streaming(breaks=0.005, repeats=0.2, late=4.0),
    ),
    "lost stores": Climate(
        latency=0.15, chances={"lost": 0.002, "mute": 0.002, "late": 0.002, "stale": 0.02}, kills=1_800, losses=600
    ),
    "shared base": Climate(
        latency=0.15,
        chances={"lost": 0.004, "mute": 0.004, "late": 0.002, "garbled": 0.002, "stale": 0.02},
        kills=1_800,
        hands=120,
        depth=SHALLOW,
        crowd=True,
    ),
    "mixed": MIXED,
    "mixed push": replace(
        MIXED,
        windows={**MIXED.windows, "mute": Window(3_600, 120)},
        push=Streaming(breaks=0.002, repeats=0.05, late=1.0),
    ),
}


class Weather:
    """The climate as it turns out in one run."""

    def __init__(self, climate: Climate, random: Random) -> None:
        self.climate = climate
        self.seen: Counter[str] = Counter()  # what has happened so far
        self._random = random
        self._active: dict[str, list[float]] = {}
        self._calls = Random(random.getrandbits(64))
        self.on_change: Callable[[], object] = lambda: None  # called when a window opens or is over

    def start(self, loop: asyncio.AbstractEventLoop, hours: float, context: Context) -> None:
        """Draw all windows of the run, and set a timer for the beginning and the end of each."""
        for kind, window in self.climate.windows.items():
            at, random = 0.0, Random(self._random.getrandbits(64))
            while (at := at + random.expovariate(1 / window.every)) < hours * 3600:
                over = at + random.expovariate(1 / window.lasts)
                loop.call_at(at, self._begin, kind, window.value, context=context)
                loop.call_at(over, self._end, kind, window.value, context=context)

    def now(self, kind: WindowKind) -> list[float]:
        """The values of the windows of a kind that are open; empty if there is none."""
        return self._active.get(kind, [])

    def latency(self) -> float:
        """Seconds that a call takes there and back."""
        return self._calls.uniform(0.7, 1.3) * max(self.climate.latency, *self.now("latency"), 0.0)

    def commit(self) -> float:
        """Seconds that a commit takes."""
        return max(0.002, *self.now("disk"), 0.0)

    def draw(self) -> float:
        """A number from 0 to 1 for the details of a call."""
        return self._calls.random()

    def spoiled(self, answer: T) -> T:
        """The answer with garbage in one place."""
        return cast(T, spoiled_at_random(answer, self._calls))

    def fault(self) -> CallFault | None:
        """What befalls the next call."""
        drawn = self._calls.random()
        for fault, chance in self.climate.chances.items():
            if drawn < chance:
                self.seen[fault] += 1
                return fault
            drawn -= chance
        return None

    def _begin(self, kind: str, value: float) -> None:
        self.seen[kind] += 1
        self._active.setdefault(kind, []).append(value)
        self.on_change()

    def _end(self, kind: str, value: float) -> None:
        self._active[kind].remove(value)
        self.on_change()

"""The steps of the lifecycle loop: each is a message, so that what is more urgent comes between two of them."""

from __future__ import annotations

from dataclasses import dataclass

from opentrader.actors.runtime.message import Message
from opentrader.actors.runtime.outcome import Outcome
from opentrader.domain.trading.lifecycle import Trade
from opentrader.domain.trading.looks import VenueView, Watch
from opentrader.domain.trading.venue import Effect
from opentrader.domain.trading.venue import Outcome as VenueOutcome


@dataclass(frozen=True, slots=True)
class CheckSymbol(Message[None]):
    """Check the trades of a symbol that are due."""

    owner = "position_manager"
    own = True
    pair: str


@dataclass(frozen=True, slots=True)
class CheckEntries(Message[None]):
    """Read and check all trades of a symbol now; answered once they have been checked."""

    owner = "position_manager"
    own = True
    pair: str


@dataclass(frozen=True, slots=True)
class Look:
    """A look that was asked for. `writes`: the answers of the venue to our orders in the symbol so far."""

    pair: str
    watch: Watch
    writes: int
    before: VenueView | None  # what an earlier look has shown for the same decision


@dataclass(frozen=True, slots=True)
class VenueRead(Message[None]):
    """A look is back; one at a time is judged, after whatever holds the symbol."""

    owner = "position_manager"
    own = True
    look: Look
    outcome: Outcome[VenueView]


@dataclass(frozen=True, slots=True)
class Looked(Message[None]):
    look: Look
    outcome: Outcome[VenueView]


@dataclass(frozen=True, slots=True)
class Sending:
    """What is sent once its trade is committed."""

    key: str
    effect: Effect


@dataclass(frozen=True, slots=True)
class Committed(Message[None]):
    """New states of trades are durable. `view`: what they were judged by, for the trades that are left."""

    pair: str
    trades: tuple[Trade, ...]
    order: Sending | None
    view: VenueView | None
    outcome: Outcome[None]


@dataclass(frozen=True, slots=True)
class EffectAnswered(Message[None]):
    pair: str
    order: Sending
    outcome: Outcome[VenueOutcome]

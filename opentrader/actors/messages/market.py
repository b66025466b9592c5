"""The map of the system: every message, the actor that owns it, and what comes back.

Requests are imperatives, queries noun phrases. A `View` is answered from what the actors have published, without
waiting for any of them (`actors.views`). Fields carry their constraints; the edge parses them and the OpenAPI document
shows them. A symbol may be spelled in any way of `domain.symbols`; the door turns it into the pair before an
actor sees it. Continuations live beside the actor that pipes them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, TypeVar

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from pydantic import AfterValidator, ConfigDict, Field
from typing_extensions import TypedDict

from opentrader.actors.messages import market_replies as r
from opentrader.actors.runtime.message import Message
from opentrader.domain.agents import AgentStatus
from opentrader.domain.analysis.market import MarketContext
from opentrader.domain.analysis.mean_reversion import MrSignal, NoSetup
from opentrader.domain.analysis.trend import EXACT, Score, Trend, TrendResult
from opentrader.domain.symbols import SPELLING
from opentrader.domain.timeframes import Timeframe
from opentrader.errors import Fault, InvalidInput

R = TypeVar("R")

LAST_INSTANT = 4_102_444_800  # 2100-01-01: a larger number of seconds is surely milliseconds


def _exact(number: int) -> int:
    """A number may come as a string of any length; what cannot be written into an answer is refused."""
    if abs(number) > EXACT:
        raise ValueError(f"should be {EXACT} at most")
    return number


Exact = AfterValidator(_exact)
Symbol = Annotated[str, MinLen(1), MaxLen(42), Field(pattern=SPELLING)]
Side = Annotated[str, Field(pattern=r"^([Bb][Uu][Yy]|[Ss][Ee][Ll][Ll])$"), AfterValidator(str.lower)]
Caller = Annotated[str, MinLen(1), MaxLen(32), Field(pattern=r"^[A-Za-z0-9_.-]+$")]
Bot = Annotated[str, MinLen(1), MaxLen(64)]
Email = Annotated[
    str, MinLen(3), MaxLen(254), Field(pattern=r"^(\[email[\s\u00a0]protected\]|[^@\s]{1,64}@[^@\s]{1,189})$")
]
LicenseKey = Annotated[str, Field(pattern=r"^[Oo][Tt](-[A-Za-z0-9]{4}){4}$")]
Instant = Annotated[int, Ge(0), Le(LAST_INSTANT)]
Price = Annotated[float, Gt(0)]
Percent = Annotated[float, Gt(0), Le(1000)]
Oscillator = Annotated[float, Ge(0), Le(100)]


class PostedIndicator(TypedDict, total=False):
    """What a posted trend says of one indicator: a vote, and whatever else its author kept beside it."""

    __pydantic_config__ = ConfigDict(extra="allow")  # type: ignore[misc]
    vote: Trend


class View(Message[R]):
    """A query answered at once from published snapshots; it has no owner."""

    __slots__ = ()


# --- license_guard -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class HealthOf(View[r.Health]):
    """Is the daemon up, and under which licence?"""


@dataclass(frozen=True, slots=True)
class LicenseOf(View[r.License]):
    """The licence of this installation, its key masked."""


@dataclass(frozen=True, slots=True)
class RegisterLicense(Message[r.License]):
    """Register the free licence and activate it; the same e-mail gives the same key."""

    owner: ClassVar[str] = "license_guard"
    email: Email
    name: Annotated[str, MinLen(1), MaxLen(120)]


@dataclass(frozen=True, slots=True)
class ActivateLicense(Message[r.License]):
    """Activate a key that was registered before, here or elsewhere."""

    owner: ClassVar[str] = "license_guard"
    license_key: LicenseKey


# --- everything --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Events(View[str]):
    """What happens, as it happens; without `types`, everything."""

    types: Annotated[str, MaxLen(200), Field(pattern=r"^[a-z]+(,[a-z]+)*$")] | None = None


# --- agent_board -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class BoardState(View[r.State]):
    """The five cards and the log."""


@dataclass(frozen=True, slots=True)
class UpdateAgent(Message[r.AgentUpdated]):
    """Set the status of one card; without `action` it keeps its text."""

    owner: ClassVar[str] = "agent_board"
    name: Annotated[str, MinLen(1), MaxLen(32)]
    status: AgentStatus
    action: Annotated[str, MaxLen(500)] | None = None


@dataclass(frozen=True, slots=True)
class ReportWork(Message[None]):
    """What the daemon does on behalf of a caller: a line of the log, and the caller's card if it has one."""

    owner: ClassVar[str] = "agent_board"
    agent: str
    status: AgentStatus
    action: str


# --- trend_book --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class TrendRows(View[r.TrendAll]):
    """The latest trend known of each symbol and timeframe, computed here or posted."""

    timeframe: Timeframe | None = None


@dataclass(frozen=True, slots=True)
class StoreTrend(Message[r.TrendStored]):
    """Keep a trend that an agent worked out; the last write of a symbol and timeframe wins."""

    owner: ClassVar[str] = "trend_book"
    symbol: Symbol
    trend: Trend
    timeframe: Timeframe = "1h"
    source: Annotated[str, MinLen(1), MaxLen(64)] = "manual"
    type: Annotated[str, MinLen(1), MaxLen(32)] = "crypto"
    score: Score = field(default_factory=lambda: Score(0, 0, 0))
    indicators: dict[str, PostedIndicator] = field(default_factory=dict)
    timestamp: Instant | None = None


@dataclass(frozen=True, slots=True)
class NoteTrends(Message[None]):
    """Refresh the rows of trends that the daemon has just computed."""

    owner: ClassVar[str] = "trend_book"
    results: tuple[TrendResult, ...]


# --- market_analyzer, one per pair -------------------------------------------------------------------------------


class OfMarket(Message[R]):
    """A question to the analyzer of one pair."""

    __slots__ = ()
    owner: ClassVar[str] = "market_analyzer"
    symbol: str

    @property
    def key(self) -> str | None:
        return self.symbol


@dataclass(frozen=True, slots=True)
class TrendOf(OfMarket[TrendResult]):
    """The six votes on one timeframe, computed now."""

    symbol: Symbol
    timeframe: Timeframe = "1h"


@dataclass(frozen=True, slots=True)
class MarketOf(OfMarket[MarketContext]):
    """The whole context of one market over two timeframes, from the cache while it is fresh."""

    symbol: Symbol
    mtf_tf: Timeframe = "4h"
    htf_tf: Timeframe | None = None


@dataclass(frozen=True, slots=True)
class ExplanationOf(OfMarket[r.Explain]):
    """The seven levels behind a decision, each with its verdict."""

    symbol: Symbol
    mtf_tf: Timeframe = "4h"
    htf_tf: Timeframe | None = None


@dataclass(frozen=True, slots=True)
class CandlesOf(OfMarket[r.CandleList]):
    """The last candles, the running one included."""

    symbol: Symbol
    timeframe: Timeframe = "1h"
    limit: Annotated[int, Ge(1), Le(1000)] = 200


@dataclass(frozen=True, slots=True)
class MrSignalOf(OfMarket[MrSignal | NoSetup]):
    """The mean-reversion setup of the last closed candle, or why there is none."""

    symbol: Symbol


@dataclass(frozen=True, slots=True)
class MarketRows(View[r.MarketAll]):
    """Every cached market context, in short."""

    stale: bool = True


# --- scanner -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScanTrends(Message[r.TrendScan]):
    """The six votes of every symbol of the watchlist."""

    owner: ClassVar[str] = "scanner"
    timeframe: Timeframe = "1h"
    agent: Caller | None = None


@dataclass(frozen=True, slots=True)
class ScanMarkets(Message[r.MarketScan]):
    """The whole context of every symbol of the watchlist."""

    owner: ClassVar[str] = "scanner"
    mtf_tf: Timeframe = "4h"
    agent: Caller | None = None


# --- mr_combined -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ScanAndSignal(Message[r.ScanSignal]):
    """Look for mean-reversion setups and emit a signal for each; without symbols, on the watchlist."""

    owner: ClassVar[str] = "mr_combined"
    licensed: ClassVar[bool] = True
    symbols: Annotated[list[Symbol], MinLen(1), MaxLen(100)] | None = None
    agent: Caller = "scout"


# --- signal_book -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class PostSignal(Message[r.SignalPosted]):
    """Create or replace the pending signal of a pair. Unknown fields are ignored."""

    owner: ClassVar[str] = "signal_book"
    symbol: Symbol
    direction: Side
    bot: Bot
    price: Price | None = None
    sl_pct: Annotated[float, Gt(0), Lt(100)] | None = None
    tp_pct: Percent | None = None
    checklist: str | list[Any] | dict[str, Any] | None = None
    passed: Annotated[int, Ge(0), Exact] | None = None
    total: Annotated[int, Ge(0), Exact] | None = None
    rsi: Oscillator | None = None
    macd_hist: float | None = None
    bb_lower: float | None = None
    bb_upper: float | None = None
    bb_mid: float | None = None
    vol_ratio: Annotated[float, Ge(0)] | None = None
    buy_signals: Annotated[int, Exact] | list[Any] | None = None
    sell_signals: Annotated[int, Exact] | list[Any] | None = None
    adx: Oscillator | None = None
    stoch_k: Oscillator | None = None
    tp1_pct: Percent | None = None
    tp2_pct: Percent | None = None
    range_support: float | None = None
    range_resistance: float | None = None
    range_midline: float | None = None

    def __post_init__(self) -> None:
        if self.passed is not None and self.total is not None and self.passed > self.total:
            raise InvalidInput(
                [
                    Fault(
                        ("passed",),
                        f"passed may not exceed total ({self.total})",
                        "value_error",
                        input=self.passed,
                    )
                ]
            )


@dataclass(frozen=True, slots=True)
class EmitSignal(Message[str]):
    """Post what a bot found at a closed candle, unless it is too soon; answers a post status or a skip reason."""

    owner: ClassVar[str] = "signal_book"
    post: PostSignal
    outlook: dict[str, Any]  # ev, confidence, gate_ok: kept with the signal and told to whoever decides
    bar_ms: int  # opening of the candle
    bar_length_ms: int


@dataclass(frozen=True, slots=True)
class SignalRows(View[r.SignalList]):
    """Every signal of every status, newest first."""


@dataclass(frozen=True, slots=True)
class PendingText(View[str]):
    """The pending signals as text for a human."""


@dataclass(frozen=True, slots=True)
class SignalOf(View[r.Signal]):
    """The pending signal of one symbol."""

    symbol: Symbol


@dataclass(frozen=True, slots=True)
class ConfirmSignal(Message[r.SignalChanged]):
    """Note that a signal was executed; no money moves here."""

    owner: ClassVar[str] = "signal_book"
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class RejectSignal(Message[r.SignalChanged]):
    """Note that a signal is not to be executed."""

    owner: ClassVar[str] = "signal_book"
    symbol: Symbol


@dataclass(frozen=True, slots=True)
class CleanUpSignals(Message[r.Cleanup]):
    """Expire pending signals of that age, and delete those decided or expired before."""

    owner: ClassVar[str] = "signal_book"
    max_age_minutes: Annotated[float, Ge(0), Le(525_600)] = 5.0

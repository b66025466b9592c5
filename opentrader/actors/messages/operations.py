"""License, agent cards, status, halt and resume, events, notices, and news."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated, ClassVar

from annotated_types import Ge, Le, MaxLen, MinLen
from pydantic import Field

from opentrader.actors.messages.pending import PendingEntry
from opentrader.actors.messages.trading import Mode
from opentrader.actors.messages.types import OK, Caller, Email, LicenseKey, Symbol, View
from opentrader.actors.runtime.message import Message
from opentrader.domain.agents import AgentCard, AgentName, AgentStatus, LogLine
from opentrader.domain.license import LicenseStatusName
from opentrader.domain.news import NewsItem
from opentrader.domain.trading.exchange import StreamState


@dataclass(frozen=True, slots=True)
class Health:
    ok: OK = field(default=True, init=False)
    license_status: LicenseStatusName
    plan: str
    commit: str
    clock: str | None = None


@dataclass(frozen=True, slots=True)
class HealthOf(View[Health]):
    """Whether the daemon is up, and its license status."""


@dataclass(frozen=True, slots=True)
class LicenseReply:
    ok: OK = field(default=True, init=False)
    license_status: LicenseStatusName
    plan: str
    license_key: str | None
    email: str | None
    name: str | None
    machine_id: str
    activated_at: int | None
    expires_at: int | None


@dataclass(frozen=True, slots=True)
class LicenseOf(View[LicenseReply]):
    """The license of this installation, with its key masked."""


@dataclass(frozen=True, slots=True)
class RegisterLicense(Message[LicenseReply]):
    """Register the free license and activate it; the same e-mail gives the same key."""

    owner: ClassVar[str] = "license_guard"
    email: Email
    name: Annotated[str, MinLen(1), MaxLen(120)]


@dataclass(frozen=True, slots=True)
class ActivateLicense(Message[LicenseReply]):
    """Activate a key that was registered before, on this machine or another one."""

    owner: ClassVar[str] = "license_guard"
    license_key: LicenseKey


@dataclass(frozen=True, slots=True)
class State:
    """The agent board at `ts`; the log is newest first, at most 200 lines."""

    agents: dict[AgentName, AgentCard]
    log: tuple[LogLine, ...]
    ts: int


@dataclass(frozen=True, slots=True)
class BoardState(View[State]):
    """The five agent cards and the log."""


@dataclass(frozen=True, slots=True)
class AgentUpdated:
    ok: OK = field(default=True, init=False)
    agent: AgentName
    status: AgentStatus
    action: str
    ts: int


@dataclass(frozen=True, slots=True)
class UpdateAgent(Message[AgentUpdated]):
    """Set the status of one agent card; without `action` it keeps its text."""

    owner: ClassVar[str] = "agent_board"
    name: Annotated[str, MinLen(1), MaxLen(32)]
    status: AgentStatus
    action: Annotated[str, MaxLen(500)] | None = None


@dataclass(frozen=True, slots=True)
class ReportWork(Message[None]):
    """Report work that the daemon does for a caller: a log line, and the card of the caller if it has one."""

    owner: ClassVar[str] = "agent_board"
    agent: str
    status: AgentStatus
    action: str


@dataclass(frozen=True, slots=True)
class ActorRow:
    name: str
    alive: bool
    inbox: int
    restarts: int


@dataclass(frozen=True, slots=True)
class DiskReply:
    """The disk under the data folder. `reserve_bytes` is 0 after the disk was full: the reserve is for exits alone.

    `degraded`: commits are slow, and no entry is sent until ten in a row were fast. `slow_commits`: since the start.
    """

    free_bytes: int
    reserve_bytes: int
    degraded: bool
    slow_commits: int


@dataclass(frozen=True, slots=True)
class AlertRow:
    """A page: something that a person has to know now. It ends with its cause; `since`: Unix seconds.

    `trade` and `symbol` are null where it is about neither.
    """

    code: str
    trade: str | None
    symbol: str | None
    sentence: str
    since: int


@dataclass(frozen=True, slots=True)
class VenueReply:
    """How the exchange is doing. `reachable`: its last call was answered.

    `banned_until`: it refuses every request until then, in Unix seconds; null where it does not. `weight_limit`: the
    request weight of a minute, null where there is no limit; `weight_used` counts now, and `weight_left` may be used.
    `stream`: whether it tells of changes by itself; `off`: it has no stream; `lost`: since `stream_lost_since`, in Unix
    seconds, more is polled in its place, and it is opened again and again.
    """

    reachable: bool
    banned_until: int | None
    weight_used: int
    weight_limit: int | None
    weight_left: int | None
    stream: StreamState
    stream_lost_since: int | None


@dataclass(frozen=True, slots=True)
class LookRow:
    """How long ago the exchange has last shown the orders of a trade, in seconds."""

    trade: str
    symbol: str
    not_looked_at_sec: int


@dataclass(frozen=True, slots=True)
class HaltedSymbol:
    """A symbol in which no entry is allowed before the operator ends it. `since`: Unix seconds of market time."""

    symbol: str
    reason: str
    since: int


@dataclass(frozen=True, slots=True)
class BotStatus:
    """`equity` is 0 and `account_age_sec` null before the account was read for the first time.

    `degraded`: commits are slow, and no entry is sent. `not_looked_at_sec`: the largest one of `looks`, which has a row
    for each trade with orders at the exchange; null where there is none.
    """

    ok: OK = field(default=True, init=False)
    running: bool
    halted: bool
    halt_reason: str | None
    halted_symbols: tuple[HaltedSymbol, ...]
    mode: Mode
    exchange: str
    can_short: bool
    uptime_sec: int
    open_trades: int
    pending_entries: int
    pending_signals: int
    trades_today: int
    max_trades_per_day: int | None
    equity: float
    realized_pnl_today: float
    watchlist: tuple[str, ...]
    degraded: bool
    account_age_sec: int | None
    not_looked_at_sec: int | None
    looks: tuple[LookRow, ...]
    venue: VenueReply
    alerts: tuple[AlertRow, ...]
    disk: DiskReply
    actors: tuple[ActorRow, ...]
    clock: str | None
    timestamp: int


@dataclass(frozen=True, slots=True)
class StatusOf(View[BotStatus]):
    """The status of the bot: halt, open trades, entries and signals, the day so far, every actor."""

    licensed: ClassVar[bool] = True
    reduces: ClassVar[bool] = True
    agent: Caller | None = None


@dataclass(frozen=True, slots=True)
class DailyReset:
    ok: OK = field(default=True, init=False)
    trades_today_before: int
    trades_today_after: int


@dataclass(frozen=True, slots=True)
class ResetDaily(Message[DailyReset]):
    """Reset the count of today's trades to 0."""

    owner: ClassVar[str] = "position_manager"
    licensed: ClassVar[bool] = True


@dataclass(frozen=True, slots=True)
class Halted:
    ok: OK = field(default=True, init=False)
    halted: bool
    reason: str
    since: int | None
    cancelled_entries: tuple[PendingEntry, ...]


@dataclass(frozen=True, slots=True)
class Halt(Message[Halted]):
    """The kill switch: no new entries until resume. Protection and closing continue."""

    owner: ClassVar[str] = "position_manager"
    reason: Annotated[str, Field(max_length=200)] = "operator"
    cancel_pending: bool = True
    agent: Caller = "ops"


@dataclass(frozen=True, slots=True)
class Resume(Message[Halted]):
    """Allow new entries again after a halt; with `symbol`, end the halt of that symbol alone."""

    owner: ClassVar[str] = "position_manager"
    symbol: Symbol | None = None
    agent: Caller = "ops"


@dataclass(frozen=True, slots=True)
class Events(View[str]):
    """Stream state changes as they happen; without `types`, all of them."""

    types: Annotated[str, MaxLen(200), Field(pattern=r"^[a-z]+(,[a-z]+)*$")] | None = None


@dataclass(frozen=True, slots=True)
class Notified:
    ok: OK = field(default=True, init=False)
    message_id: int | None


@dataclass(frozen=True, slots=True)
class Notify(Message[Notified]):
    """Send a message to the operator, in the name of an agent."""

    owner: ClassVar[str] = "telegram_desk"
    message: Annotated[str, MinLen(1), MaxLen(4096)]
    agent: Caller | None = None


@dataclass(frozen=True, slots=True)
class SourceHealth:
    """The result of the last read of a feed; after a failure, `count` items of its last copy remain."""

    name: str
    ok: bool
    count: int
    error: str | None


@dataclass(frozen=True, slots=True)
class News:
    """News, newest first. `cached`: this reply did not wait for all feeds."""

    news: tuple[NewsItem, ...]
    count: int
    cached: bool
    age_sec: int
    ttl_sec: int
    sources: tuple[SourceHealth, ...]


@dataclass(frozen=True, slots=True)
class NewsOf(Message[News]):
    """The latest news of all feeds."""

    owner: ClassVar[str] = "news_desk"
    limit: Annotated[int, Ge(1), Le(200)] = 50

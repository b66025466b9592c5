"""What an operator must know now: the pages, derived from what is known at an instant. A page ends with its cause.

Nothing raises a page or takes it back: `standing` reads the causes off the trades, the disk, the venue and the daemon,
and `compared` tells what has begun and ended since the last time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from opentrader.domain.trading.exchange import VenueState
from opentrader.domain.trading.ledger import SymbolHalt
from opentrader.domain.trading.lifecycle.fold import position
from opentrader.domain.trading.lifecycle.looking import overdue
from opentrader.domain.trading.lifecycle.placing import is_spent
from opentrader.domain.trading.lifecycle.records import Trade
from opentrader.domain.trading.lifecycle.settings import LifecycleSettings
from opentrader.domain.trading.ports import DiskState
from opentrader.domain.trading.venue import Filters

ACCOUNT_MS = 30_000  # of real time between two reads of the account
AT_REST = frozenset({"NONE", "FLAT", "DUST"})  # labels of trades with nothing at stake


@dataclass(frozen=True, slots=True)
class OperatorPage:
    """One page. `trade` is the id of a trade; it and `symbol` are empty where the page is about neither.

    `since`: Unix seconds, when this process saw it begin.
    """

    code: str
    trade: str
    symbol: str
    sentence: str
    since: int

    @property
    def key(self) -> tuple[str, str, str]:
        return self.code, self.trade, self.symbol


@dataclass(frozen=True, slots=True)
class Blind:
    """A symbol of which not even the rules can be read; `since`: milliseconds of market time."""

    why: str
    since: int


@dataclass(frozen=True, slots=True)
class Observed:
    """What is known at `at` (Unix seconds) and `now` (milliseconds of market time); `begun`: when the daemon started.

    `shown_at`: when the venue has last shown an order, by client order id. `account_at`: when the account was read,
    None for never. `filters`: the rules of the symbols, by pair. `clock`: that the wall clock was set back. `pausing`:
    actors that crash again and again.
    """

    at: int
    now: int
    begun: int
    settings: LifecycleSettings
    venue: VenueState
    disk: DiskState
    trades: tuple[Trade, ...] = ()
    shown_at: Mapping[str, int] = field(default_factory=lambda: MappingProxyType({}))
    blind: Mapping[str, Blind] = field(default_factory=lambda: MappingProxyType({}))
    halts: tuple[SymbolHalt, ...] = ()
    filters: Mapping[str, Filters] = field(default_factory=lambda: MappingProxyType({}))
    account_at: int | None = None
    speed: float = 1.0
    clock: str | None = None
    pausing: tuple[str, ...] = ()

    @property
    def patience(self) -> int:
        """X, in milliseconds of market time: what lasts longer is paged."""
        return self.settings.bare_limit


def standing(seen: Observed, before: Iterable[OperatorPage] = ()) -> tuple[OperatorPage, ...]:
    """The pages that stand now, sorted; one that stood before keeps its beginning."""
    begun = {page.key: page.since for page in before}
    pages = (*_of_trades(seen), *_of_symbols(seen), *_of_daemon(seen))
    return tuple(sorted((replace(x, since=begun.get(x.key, x.since)) for x in pages), key=lambda page: page.key))


def compared(
    old: Iterable[OperatorPage], new: Iterable[OperatorPage]
) -> tuple[tuple[OperatorPage, ...], tuple[OperatorPage, ...]]:
    """The pages that have begun, and those that have ended."""
    before, after = ({page.key: page for page in pages} for pages in (old, new))
    begun = tuple(page for key, page in after.items() if key not in before)
    return begun, tuple(page for key, page in before.items() if key not in after)


# --- of a trade -------------------------------------------------------------------------------------------------


def _of_trades(seen: Observed) -> Iterator[OperatorPage]:
    for trade in seen.trades:
        if trade.label not in AT_REST and not is_given_up(trade):
            for code, told in TRADE_PAGES:
                if sentence := told(trade, seen):
                    yield OperatorPage(code, trade.intent.id, trade.intent.symbol, sentence, seen.at)


def is_given_up(trade: Trade) -> bool:
    """Whether an operator has dropped all that a trade held: no more is to be decided about it."""
    return trade.dropped and trade.net <= 0


def quarantine(trade: Trade, seen: Observed) -> str:
    if trade.label != "QUARANTINE":
        return ""
    causes = [alert.code for alert in trade.alerts if alert.severity == "page" and alert.code != "quarantine"]
    cause = f" ({causes[-1]})" if causes else ""
    return f"in quarantine{cause}: nothing is sent for it before an operator decides; orders that protect it stay"


def unprotected(trade: Trade, seen: Observed) -> str:
    if not trade.bare_at or seen.now - trade.bare_at <= seen.patience:
        return ""
    return f"a position without a working stop for more than {_seconds(seen.patience, seen)} s"


def not_looked_at(trade: Trade, seen: Observed) -> str:
    if overdue(trade, seen.now, seen.shown_at, seen.begun, seen.settings) <= seen.patience:
        return ""
    return f"its orders were not looked at: the read is late by more than {_seconds(seen.patience, seen)} s"


def outcome_unknown(trade: Trade, seen: Observed) -> str:
    late = seen.now - seen.settings.unknown_page
    unknown = any(leg.in_flight and leg.sent_at < late for leg in trade.legs)
    return "the outcome of an order is still unknown" if unknown else ""


def order_not_shown(trade: Trade, seen: Observed) -> str:
    late = seen.now - seen.settings.unseen_page
    lost = any(leg.open and 0 < leg.neg_at < late for leg in trade.legs)
    return "the exchange does not show an order that it has accepted" if lost else ""


def too_many_orders(trade: Trade, seen: Observed) -> str:
    """Orders that were asked for use up the number, too; what matters is that one had to wait lately."""
    lately = seen.now - 2 * seen.settings.budget_window  # the alert is raised once in a window
    waited = any(alert.code == "too many orders" and alert.at > lately for alert in trade.alerts)
    if not waited or trade.net <= 0 or not is_spent(trade, seen.now, seen.settings):
        return ""
    return f"{seen.settings.budget} exits and closes were sent within a minute: the next one waits"


def closes_fail(trade: Trade, seen: Observed) -> str:
    if not trade.pauses:
        return ""
    return f"closing fails ({trade.paused_for.strip()}): it is tried again after a pause, longer each time"


def not_sellable(trade: Trade, seen: Observed) -> str:
    filters = seen.filters.get(trade.intent.symbol)
    if filters is None or filters.trades or position(trade, filters) < filters.min_qty:
        return ""
    return f"held, and cannot be sold: the exchange says {filters.status}; it goes on when the symbol trades again"


TRADE_PAGES: tuple[tuple[str, Callable[[Trade, Observed], str]], ...] = (
    ("quarantine", quarantine),
    ("unprotected", unprotected),
    ("not_looked_at", not_looked_at),
    ("outcome_unknown", outcome_unknown),
    ("order_not_shown", order_not_shown),
    ("too_many_orders", too_many_orders),
    ("closes_fail", closes_fail),
    ("not_sellable", not_sellable),
)
"""The code of each page of a trade, and what gives its sentence: an empty one where there is no cause."""


# --- of a symbol, and of the daemon -----------------------------------------------------------------------------


def _of_symbols(seen: Observed) -> Iterator[OperatorPage]:
    for halt in seen.halts:
        yield OperatorPage("symbol_halted", "", halt.symbol, f"no entry is sent: {halt.reason}", seen.at)
    for symbol, blind in seen.blind.items():
        if seen.now - blind.since > seen.patience:
            text = f"cannot be read: its trades wait, and no entry is sent: {blind.why}"
            yield OperatorPage("symbol_unreadable", "", symbol, text, seen.at)


def _of_daemon(seen: Observed) -> Iterator[OperatorPage]:
    for code, told in DAEMON_PAGES:
        if sentence := told(seen):
            yield OperatorPage(code, "", "", sentence, seen.at)


def account_unread(seen: Observed) -> str:
    age = seen.now - (seen.begun if seen.account_at is None else seen.account_at)
    if age <= seen.patience + ACCOUNT_MS * max(1.0, seen.speed):
        return ""
    return "the account cannot be read: no entry is sent"


def venue_ban(seen: Observed) -> str:
    return "the exchange refuses all requests for a while; nothing is sent before that" if seen.venue.pause else ""


def disk_full(seen: Observed) -> str:
    if seen.disk.reserve:
        return ""
    return "the disk is full, the reserve for exits is given up: no entry is sent until there is room again"


def disk_slow(seen: Observed) -> str:
    return (
        "commits take longer than 500 ms: no entry is sent until ten in a row were fast" if seen.disk.degraded else ""
    )


def clock_behind(seen: Observed) -> str:
    return "the clock of the machine was set back" if seen.clock else ""


def actor_crashes(seen: Observed) -> str:
    if not seen.pausing:
        return ""
    return f"crashed again and again, and starts anew after a pause: {', '.join(sorted(seen.pausing))}"


DAEMON_PAGES: tuple[tuple[str, Callable[[Observed], str]], ...] = (
    ("account_unread", account_unread),
    ("venue_ban", venue_ban),
    ("disk_full", disk_full),
    ("disk_slow", disk_slow),
    ("clock_behind", clock_behind),
    ("actor_crashes", actor_crashes),
)


def _seconds(market_ms: int, seen: Observed) -> str:
    return f"{market_ms / 1000 / max(1.0, seen.speed):g}"

"""Answers queries from the published snapshots, without waiting for any actor.

A view is a pure function of the query, the snapshots and the current time, which fields like `age_sec` depend on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from opentrader.actors import messages
from opentrader.actors.analysis.market_analyzer import CachedContext
from opentrader.actors.operations.agent_board import Board
from opentrader.actors.operations.license_guard import Held, license_reply
from opentrader.actors.runtime.supervision.supervisor import ActorStatus
from opentrader.actors.signals.signal_book import signal_of_pair, signal_reply
from opentrader.actors.trading.replies.snapshot import AccountReading, TradingSnapshot, portfolio
from opentrader.domain.analysis.trend import TrendRecord
from opentrader.domain.license import behind, masked
from opentrader.domain.plain_text import one_line
from opentrader.domain.signals import SignalRecord, demand_pending
from opentrader.domain.timeframes import open_time
from opentrader.domain.trading.exchange import VenueState
from opentrader.domain.trading.lifecycle.looking import last_look
from opentrader.domain.trading.pages import OperatorPage
from opentrader.domain.trading.ports import DiskState
from opentrader.errors import NotReady

R = TypeVar("R")

_LONGEST_CHECKLIST = 600
ANSWERING = VenueState()


class Snapshots(Protocol):
    """The supervisor's view of the actors; raises `NotReady` where no snapshot is published yet."""

    def snapshot(self, name: str) -> Any: ...

    def snapshots(self, owner: str) -> Mapping[Any, Any]: ...

    def status(self) -> Sequence[ActorStatus]: ...


@dataclass(frozen=True, slots=True)
class Asking:
    """The current time, and the settings that replies show."""

    now: float  # wall seconds
    steady: float
    market_ms: int
    commit: str
    ttl_seconds: int
    disk: DiskState
    venue: str = "paper"
    watchlist: tuple[str, ...] = ()
    max_trades_day: int = 0
    started_at: float = 0.0  # steady seconds
    speed: float = 1.0  # of market time
    venue_state: VenueState = ANSWERING


def health(query: messages.HealthOf, published: Snapshots, asking: Asking) -> messages.Health:
    held: Held = published.snapshot("license_guard")
    status = held.license.status(asking.now, held.clock_high_water)
    return messages.Health(status, held.license.plan, asking.commit, clock_of(held, asking))


def clock_of(held: Held, asking: Asking) -> str | None:
    """That the wall clock was set back, as far as the steady clock or the store can tell."""
    return behind(asking.now, max(asking.steady, held.clock_high_water))


def license_of(query: messages.LicenseOf, published: Snapshots, asking: Asking) -> messages.LicenseReply:
    held: Held = published.snapshot("license_guard")
    return license_reply(held, asking.now, masked(held.license.key))


def board_state(query: messages.BoardState, published: Snapshots, asking: Asking) -> messages.State:
    board: Board = published.snapshot("agent_board")
    return messages.State(board.cards, board.log, int(asking.now))


def trend_rows(query: messages.TrendRows, published: Snapshots, asking: Asking) -> messages.TrendAll:
    records: tuple[TrendRecord, ...] = published.snapshot("trend_book")
    rows = [_trend_row(t, asking) for t in records if query.timeframe in (None, t.timeframe)]
    return messages.TrendAll(len(rows), asking.ttl_seconds, tuple(rows))


def _trend_row(trend: TrendRecord, asking: Asking) -> messages.TrendRow:
    """A row is stale once it is older than the cache allows, or once a newer candle has closed."""
    age = max(0, asking.market_ms // 1000 - trend.timestamp)
    newer = open_time(asking.market_ms, trend.timeframe) > trend.timestamp * 1000
    return messages.TrendRow(
        symbol=trend.symbol,
        timeframe=trend.timeframe,
        source=trend.source,
        type=trend.type,
        trend=trend.trend,
        score=trend.score,
        age_sec=age,
        stale=age >= asking.ttl_seconds or newer,
        timestamp=trend.timestamp,
    )


def market_rows(query: messages.MarketRows, published: Snapshots, asking: Asking) -> messages.MarketAll:
    cached = published.snapshots("market_analyzer")
    rows = [_market_row(entry, asking) for pair in sorted(cached) for entry in cached[pair]]
    rows = [row for row in rows if query.stale or not row.stale]
    return messages.MarketAll(len(rows), asking.ttl_seconds, tuple(rows))


def _market_row(entry: CachedContext, asking: Asking) -> messages.MarketRow:
    context = entry.context
    return messages.MarketRow(
        symbol=context.symbol,
        htf_tf=context.htf_tf,
        mtf_tf=context.mtf_tf,
        priority_decision=context.priority_decision,
        age_sec=entry.age_sec(asking.market_ms),
        stale=entry.stale(asking.market_ms, asking.ttl_seconds),
        timestamp=context.timestamp,
    )


def signal_rows(query: messages.SignalRows, published: Snapshots, asking: Asking) -> messages.SignalList:
    signals: Mapping[str, SignalRecord] = published.snapshot("signal_book")
    newest = sorted(signals.values(), key=lambda s: (-s.created_at, s.pair))
    return messages.SignalList(tuple(signal_reply(s, asking.steady) for s in newest), len(newest))


def signal_of(query: messages.SignalOf, published: Snapshots, asking: Asking) -> messages.Signal:
    signal = signal_of_pair(published.snapshot("signal_book"), query.symbol)
    demand_pending(signal, asking.steady)
    return signal_reply(signal, asking.steady)


def pending_text(query: messages.PendingText, published: Snapshots, asking: Asking) -> str:
    signals: Mapping[str, SignalRecord] = published.snapshot("signal_book")
    pending = [s for s in signals.values() if s.status_at(asking.steady) == "pending"]
    if not pending:
        return "No pending signals.\n"
    texts = (_signal_text(s, asking.steady) for s in sorted(pending, key=lambda s: (s.created_at, s.pair)))
    return f"{len(pending)} pending signal{'s' * (len(pending) > 1)}\n\n" + "\n\n".join(texts) + "\n"


def _signal_text(signal: SignalRecord, now: float) -> str:
    """One signal for a human who decides: direction, price, reasons, and time left."""
    body = signal.body
    lines = [f"{signal.direction.upper()} {signal.pair}  ({one_line(signal.bot, 64)})"]
    if "price" in body:
        lines.append(f"  price {body['price']:g}" + _percents(body))
    if "passed" in body and "total" in body:
        lines.append(f"  checklist {body['passed']} of {body['total']}" + _checks(body.get("checklist")))
    if "ev" in body:
        lines.append(f"  ev {body['ev']:.1f}, confidence {body['confidence']}: " + _gate(body["gate_ok"]))
    left = max(0, int(signal.expires_at - now))
    lines.append(f"  expires in {left // 60} min {left % 60} s")
    return "\n".join(lines)


def _percents(body: Mapping[str, Any]) -> str:
    named = (("stop", "sl_pct", "-"), ("target", "tp_pct", "+"))
    return "".join(f", {name} {sign}{body[key]:.2f} %" for name, key, sign in named if key in body)


def _checks(checklist: object) -> str:
    if not isinstance(checklist, dict):
        return ""
    checks = ", ".join(f"{name} {'yes' if passed else 'no'}" for name, passed in checklist.items())
    return ": " + one_line(checks, _LONGEST_CHECKLIST)


def _gate(passed: bool) -> str:
    return "passes the gate" if passed else "below the gate, POST /api/trade rejects it"


def open_trades(query: messages.OpenTrades, published: Snapshots, asking: Asking) -> messages.TradeList:
    trades = _trading(published).trade_replies(asking.market_ms)
    return messages.TradeList(trades, len(trades))


def pending_entries(query: messages.PendingEntries, published: Snapshots, asking: Asking) -> messages.PendingList:
    entries = _trading(published).entry_replies()
    return messages.PendingList(entries, len(entries))


def portfolio_of(query: messages.PortfolioOf, published: Snapshots, asking: Asking) -> messages.Portfolio:
    return portfolio(_account(published), asking.venue, int(asking.now))


def status_of(query: messages.StatusOf, published: Snapshots, asking: Asking) -> messages.BotStatus:
    snapshot = _trading(published)
    signals: Mapping[str, SignalRecord] = published.snapshot("signal_book")
    pages: tuple[OperatorPage, ...] = published.snapshot("pager")
    account, looks = snapshot.account, _looks(snapshot, asking)
    return messages.BotStatus(
        running=True,
        halted=snapshot.control.halted,
        halt_reason=snapshot.control.reason if snapshot.control.halted else None,
        halted_symbols=_halted_symbols(snapshot),
        mode="paper",
        exchange=asking.venue,
        can_short=False,
        uptime_sec=int(asking.steady - asking.started_at),
        open_trades=len(snapshot.trade_replies(asking.market_ms)),
        pending_entries=len(snapshot.pending()),
        pending_signals=sum(s.status_at(asking.steady) == "pending" for s in signals.values()),
        trades_today=snapshot.trades_today,
        max_trades_per_day=asking.max_trades_day,
        equity=0.0 if account is None else float(account.equity),
        realized_pnl_today=float(snapshot.pnl_today),
        watchlist=asking.watchlist,
        degraded=asking.disk.degraded,
        account_age_sec=None if account is None else _age_sec(account.at, asking),
        not_looked_at_sec=max((look.not_looked_at_sec for look in looks), default=None),
        looks=looks,
        venue=_venue(asking),
        alerts=tuple(map(_alert, pages)),
        disk=_disk(asking.disk),
        actors=tuple(
            messages.ActorRow(name=a.name, alive=a.alive, inbox=a.inbox, restarts=a.restarts)
            for a in published.status()
        ),
        clock=clock_of(published.snapshot("license_guard"), asking),
        timestamp=int(asking.now),
    )


def _halted_symbols(snapshot: TradingSnapshot) -> tuple[messages.HaltedSymbol, ...]:
    halts = (snapshot.halts[symbol] for symbol in sorted(snapshot.halts))
    return tuple(messages.HaltedSymbol(halt.symbol, halt.reason, halt.since) for halt in halts)


def _disk(disk: DiskState) -> messages.DiskReply:
    return messages.DiskReply(
        free_bytes=disk.free, reserve_bytes=disk.reserve, degraded=disk.degraded, slow_commits=disk.slow_commits
    )


def _looks(snapshot: TradingSnapshot, asking: Asking) -> tuple[messages.LookRow, ...]:
    last = ((trade.intent, last_look(trade, snapshot.shown_at, snapshot.begun)) for trade in snapshot.trades)
    return tuple(messages.LookRow(x.id, x.symbol, _age_sec(at, asking)) for x, at in last if at is not None)


def _venue(asking: Asking) -> messages.VenueReply:
    state = asking.venue_state
    limit, lost_since = state.weight_limit or None, state.stream_lost_since
    return messages.VenueReply(
        reachable=state.reachable,
        banned_until=int(asking.now + state.pause) + 1 if state.pause else None,
        weight_used=state.weight_used,
        weight_limit=limit,
        weight_left=None if limit is None else max(0, limit - state.weight_used),
        stream=state.stream,
        stream_lost_since=int(lost_since) if lost_since is not None and state.stream == "lost" else None,
    )


def _alert(page: OperatorPage) -> messages.AlertRow:
    return messages.AlertRow(page.code, page.trade or None, page.symbol or None, page.sentence, page.since)


def _age_sec(at: int, asking: Asking) -> int:
    """Real seconds since an instant of market time."""
    return max(0, int((asking.market_ms - at) / 1000 / max(1.0, asking.speed)))


def _trading(published: Snapshots) -> TradingSnapshot:
    return cast(TradingSnapshot, published.snapshot("position_manager"))


def _account(published: Snapshots) -> AccountReading:
    account = _trading(published).account
    if account is None:
        raise NotReady("the account has not been read yet", hint="retry in a few seconds")
    return account


Render = Callable[[Any, Snapshots, Asking], Any]

_RENDER: dict[type[messages.View[Any]], Render] = {
    messages.HealthOf: health,
    messages.LicenseOf: license_of,
    messages.BoardState: board_state,
    messages.TrendRows: trend_rows,
    messages.MarketRows: market_rows,
    messages.SignalRows: signal_rows,
    messages.SignalOf: signal_of,
    messages.PendingText: pending_text,
    messages.OpenTrades: open_trades,
    messages.PendingEntries: pending_entries,
    messages.PortfolioOf: portfolio_of,
    messages.StatusOf: status_of,
}


def render(query: messages.View[R], published: Snapshots, asking: Asking) -> R:
    """Answer a view; raises its errors, and `NotReady` before the first snapshot of the actor."""
    return cast(R, _RENDER[type(query)](query, published, asking))

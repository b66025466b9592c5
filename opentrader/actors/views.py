"""Answers from what the actors have published, without waiting for any of them.

A view is a pure function of the query, the snapshots and the instant of asking: fields like `age_sec` are put in here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar, cast

from opentrader.actors import messages as m
from opentrader.actors import replies as r
from opentrader.actors.agent_board import Board
from opentrader.actors.license_guard import Held, license_shown
from opentrader.actors.market_analyzer import CachedContext
from opentrader.actors.signal_book import known_signal, shown
from opentrader.domain.licence import masked
from opentrader.domain.signals import SignalRecord, demand_pending
from opentrader.domain.timeframes import open_time
from opentrader.domain.trend import TrendRecord

R = TypeVar("R")


class Snapshots(Protocol):
    """What the supervisor shows of the actors; raises `NotReady` where nothing is published yet."""

    def snapshot(self, name: str) -> Any: ...

    def snapshots(self, owner: str) -> Mapping[Any, Any]: ...


@dataclass(frozen=True, slots=True)
class Asking:
    """The instant of asking, and what of the settings an answer shows."""

    now: float  # wall seconds
    market_ms: int
    commit: str
    ttl_seconds: int


def health(query: m.HealthOf, published: Snapshots, asking: Asking) -> r.Health:
    held: Held = published.snapshot("license_guard")
    status = held.licence.status(asking.now, held.clock_high_water)
    return r.Health(status, held.licence.plan, asking.commit)


def license_of(query: m.LicenseOf, published: Snapshots, asking: Asking) -> r.License:
    held: Held = published.snapshot("license_guard")
    return license_shown(held, asking.now, masked(held.licence.key))


def board_state(query: m.BoardState, published: Snapshots, asking: Asking) -> r.State:
    board: Board = published.snapshot("agent_board")
    return r.State(board.cards, board.log, int(asking.now))


def trend_rows(query: m.TrendRows, published: Snapshots, asking: Asking) -> r.TrendAll:
    records: tuple[TrendRecord, ...] = published.snapshot("trend_book")
    rows = [_trend_row(t, asking) for t in records if query.timeframe in (None, t.timeframe)]
    return r.TrendAll(len(rows), asking.ttl_seconds, tuple(rows))


def _trend_row(trend: TrendRecord, asking: Asking) -> r.TrendRow:
    """Stale once it is older than the cache allows or a newer candle has closed."""
    age = max(0, asking.market_ms // 1000 - trend.timestamp)
    newer = open_time(asking.market_ms, trend.timeframe) > trend.timestamp * 1000
    return r.TrendRow(
        trend.symbol, trend.timeframe, trend.source, trend.type, trend.trend, trend.score, age,
        age >= asking.ttl_seconds or newer, trend.timestamp,
    )  # fmt: skip


def market_rows(query: m.MarketRows, published: Snapshots, asking: Asking) -> r.MarketAll:
    cached = published.snapshots("market_analyzer")
    rows = [_market_row(entry, asking) for pair in sorted(cached) for entry in cached[pair]]
    rows = [row for row in rows if query.stale or not row.stale]
    return r.MarketAll(len(rows), asking.ttl_seconds, tuple(rows))


def _market_row(entry: CachedContext, asking: Asking) -> r.MarketRow:
    context = entry.context
    return r.MarketRow(
        context.symbol, context.htf_tf, context.mtf_tf, context.priority_decision, entry.age_sec(asking.market_ms),
        entry.stale(asking.market_ms, asking.ttl_seconds), context.timestamp,
    )  # fmt: skip


def signal_rows(query: m.SignalRows, published: Snapshots, asking: Asking) -> r.SignalList:
    signals: Mapping[str, SignalRecord] = published.snapshot("signal_book")
    newest = sorted(signals.values(), key=lambda s: (-s.created_at, s.pair))
    return r.SignalList(tuple(shown(s, asking.now) for s in newest), len(newest))


def signal_of(query: m.SignalOf, published: Snapshots, asking: Asking) -> r.Signal:
    signal = known_signal(published.snapshot("signal_book"), query.symbol)
    demand_pending(signal, asking.now)
    return shown(signal, asking.now)


def pending_text(query: m.PendingText, published: Snapshots, asking: Asking) -> str:
    signals: Mapping[str, SignalRecord] = published.snapshot("signal_book")
    pending = [s for s in signals.values() if s.status_at(asking.now) == "pending"]
    if not pending:
        return "No pending signals.\n"
    told = (_told(s, asking.now) for s in sorted(pending, key=lambda s: (s.created_at, s.pair)))
    return f"{len(pending)} pending signal{'s' * (len(pending) > 1)}\n\n" + "\n\n".join(told) + "\n"


def _told(signal: SignalRecord, now: float) -> str:
    """One signal for somebody who decides: what, at which price, why, and how long there is."""
    body = signal.body
    lines = [f"{signal.direction.upper()} {signal.pair}  ({signal.bot})"]
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
    return ": " + ", ".join(f"{name} {'yes' if passed else 'no'}" for name, passed in checklist.items())


def _gate(passed: bool) -> str:
    return "passes the gate" if passed else "below the gate, POST /api/trade refuses it"


Render = Callable[[Any, Snapshots, Asking], Any]

_RENDER: dict[type[m.View[Any]], Render] = {
    m.HealthOf: health,
    m.LicenseOf: license_of,
    m.BoardState: board_state,
    m.TrendRows: trend_rows,
    m.MarketRows: market_rows,
    m.SignalRows: signal_rows,
    m.SignalOf: signal_of,
    m.PendingText: pending_text,
}


def render(query: m.View[R], published: Snapshots, asking: Asking) -> R:
    """Answer a view; raises the errors of the answer, and `NotReady` before the actor's first snapshot."""
    return cast(R, _RENDER[type(query)](query, published, asking))

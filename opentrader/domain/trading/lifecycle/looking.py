"""What to read of the venue, and when: a part only where it is needed, an order as often as its state asks for."""

from __future__ import annotations

from collections.abc import Mapping

from opentrader.domain.trading.looks import Part, VenueView, Watch

from .records import Leg, Trade
from .reports import sightings
from .settings import BINANCE, LifecycleSettings

READ_AT: Mapping[str, int] = {}


def first_sent(trade: Trade, now: int) -> int:
    """Since when the history of a trade is of interest."""
    return min([leg.sent_at for leg in trade.legs], default=now)


def pause(leg: Leg, settings: LifecycleSettings) -> int | None:
    """Milliseconds from one read of a leg to the next; None where nothing can change any more.

    A list that only rests is read with all open orders of the account, and by its id when those do not show it.
    """
    if not leg.live:
        return settings.reconcile if leg.state == "ABSENT" else None
    if not leg.open or leg.cancel_sent or leg.flag:
        return settings.poll
    if leg.kind == "L" and not leg.cum:
        return settings.listed
    return settings.poll if leg.cum and leg.kind != "E" else settings.resting


def rests(leg: Leg, settings: LifecycleSettings) -> bool:
    """Whether an open order waits for a while before it is read again."""
    return leg.open and (pause(leg, settings) or 0) > settings.poll


def is_swept(leg: Leg, settings: LifecycleSettings) -> bool:
    """Whether an open order is read with all open orders of the account."""
    return leg.open and pause(leg, settings) == settings.listed


def awaited(trade: Trade, leg: Leg, now: int, settings: LifecycleSettings) -> int | None:
    """The pause of a leg that has to be read again; None for any other.

    One that is absent is looked for another day, from when it was sent or an operator has overruled what was in doubt.
    """
    wait = pause(leg, settings) if leg.cid else None
    over = leg.state == "ABSENT" and now - max(leg.sent_at, trade.overruled) >= settings.absent_watch
    return None if over else wait


def due_at(trade: Trade, leg: Leg, now: int, read_at: Mapping[str, int], settings: LifecycleSettings) -> int | None:
    """When a leg has to be read next. `read_at`: when it was read last, by client order id."""
    wait = awaited(trade, leg, now, settings)
    return None if wait is None else read_at.get(leg.cid, -wait) + wait


def looks(
    trade: Trade, now: int, shown_at: Mapping[str, int], begun: int, settings: LifecycleSettings
) -> list[tuple[int, int]]:
    """Of each leg that has to be read: when it was read last, and when it has to be read next.

    `begun`: the start of the daemon, which has read nothing before.
    """
    found = list[tuple[int, int]]()
    for leg in trade.legs:
        wait = awaited(trade, leg, now, settings)
        if wait is not None:
            at = shown_at.get(leg.cid, max(begun, leg.sent_at))
            found.append((at, at + wait))
    return found


def last_look(trade: Trade, shown_at: Mapping[str, int], begun: int) -> int | None:
    """When the order was read that was read longest ago, of those that live; None where none does."""
    at = (shown_at.get(leg.cid, max(begun, leg.sent_at)) for leg in trade.legs if leg.live and leg.cid)
    return min(at, default=None)


def overdue(trade: Trade, now: int, shown_at: Mapping[str, int], begun: int, settings: LifecycleSettings) -> int:
    """By how many milliseconds the read of a leg is late; 0 where none is."""
    return max([0, *[now - due for _, due in looks(trade, now, shown_at, begun, settings)]])


def watch(
    trade: Trade,
    now: int,
    read_at: Mapping[str, int] = READ_AT,
    settings: LifecycleSettings = BINANCE,
    *,
    unread: bool = False,
) -> Watch:
    """The legs that have to be read now.

    `unread`: nothing was read of the trade since the start. Then all its orders are read, for the journal may be a copy
    that is older than some of them.
    """
    due = [leg for leg in trade.legs if (at := due_at(trade, leg, now, read_at, settings)) is not None and at <= now]
    named = [leg for leg in due if not is_swept(leg, settings)]
    parts: set[Part] = {"open_orders"} if len(named) < len(due) else set()
    if unread or is_rebuilt(trade, now, settings):
        parts |= {"open_orders", "history"}
    since = first_sent(trade, now)
    return Watch(
        trade.intent.symbol,
        tuple([leg.cid for leg in named if leg.kind != "L"]),
        tuple([leg.cid for leg in named if leg.kind == "L"]),
        frozenset(parts),
        min(since, trade.intent.created_at) if unread else since,
        settings.shared_age,
    )


def is_rebuilt(trade: Trade, now: int, settings: LifecycleSettings) -> bool:
    """Whether requests of the previous daemon may still turn up as orders of this trade."""
    return now < trade.rebuild_until + settings.read_lag


def unshown(trade: Trade, view: VenueView, now: int, settings: LifecycleSettings) -> Watch:
    """What this look has not shown of the legs, and a further one should."""
    orders, lists, parts = list[str](), list[str](), set[Part]()
    for leg in trade.legs:
        if not leg.cid:
            continue
        if leg.cid in view.missing:
            parts |= votes(leg, now, settings)
        elif leg.open and view.open_orders is not None and not sightings(leg, view):
            (lists if leg.kind == "L" else orders).append(leg.cid)
        if leg.covered < leg.cum:
            parts.add("fills")
    return Watch(
        trade.intent.symbol,
        tuple(cid for cid in orders if cid not in view.failed),
        tuple(cid for cid in lists if cid not in view.failed),
        frozenset(part for part in parts if view.lacks(part) and part not in view.failed),
        first_sent(trade, now),
    )


def votes(leg: Leg, now: int, settings: LifecycleSettings) -> set[Part]:
    """What else has to agree that a leg the venue does not know is absent, or that the look-up only lags."""
    if leg.open:
        return {"open_orders", "history"}
    first = not leg.neg_count and now >= leg.horizon_at
    second = now - leg.neg_at >= settings.vote_gap and now >= leg.horizon_at + settings.read_lag
    return {"open_orders", "history", "balance"} if leg.in_flight and (first or second) else set()


def next_poll(
    trade: Trade, now: int, read_at: Mapping[str, int] = READ_AT, settings: LifecycleSettings = BINANCE
) -> int | None:
    """Milliseconds until the next tick of the trade, None when it is closed and nothing late can come."""
    dues = [at for leg in trade.legs if (at := due_at(trade, leg, now, read_at, settings)) is not None]
    short = [leg.sent_at for leg in trade.legs if leg.covered < leg.cum and now - leg.sent_at < settings.absent_watch]
    if short:  # fills that the venue has not told of yet are asked for less and less often
        dues.append(now + max(settings.late_fills, (now - max(short)) // 8))
    dues += wakes(trade, now, settings)
    return max(0, trade.retry_at - now, min(dues) - now) if dues else None


def wakes(trade: Trade, now: int, settings: LifecycleSettings) -> list[int]:
    """When the state of a trade asks for a tick, apart from its legs."""
    if trade.label in {"FLAT", "DUST"}:
        settled = trade.last_send + settings.horizon + settings.read_lag
        return [settled] if now < settled else []
    if trade.label == "SWEEPING" and not any(leg.live for leg in trade.legs):
        return [max(now + settings.poll, trade.last_send + settings.horizon)]
    if trade.label == "QUARANTINE":
        return [now + settings.reconcile]
    if not quiet(trade) or is_rebuilt(trade, now, settings):
        return [now + settings.poll]
    return [trade.intent.ttl_at] if trade.entry_works and trade.intent.ttl_at > now else []


def quiet(trade: Trade) -> bool:
    """Whether nothing is to be done before the next read of a leg, or a price: it rests, or covers what is held."""
    if trade.close_reason or trade.halt or trade.want or trade.move == "asked":
        return False
    rests = any(leg.open for leg in trade.entries)
    covered = any(leg.open and not leg.flag for leg in trade.exits)
    return (trade.label == "ENTERING" and rests) or (trade.label == "PROTECTED" and covered)

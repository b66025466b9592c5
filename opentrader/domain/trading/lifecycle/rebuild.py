"""Trades rebuilt from the venue alone when the store is lost: the client order ids tell which orders belong together.

Open orders alone would miss a filled entry, so all own orders of the history count. A rebuilt trade places and sells
nothing before `rebuild_until`, because requests of the previous daemon may still arrive.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from opentrader.domain.copies import copied
from opentrader.domain.trading.looks import VenueView
from opentrader.domain.trading.venue import ZERO, Order, OrderList

from .fold import position
from .ids import EntryId, ExitId, IdKind, at_distance, exit_id, ours, parse
from .records import STICKY, Intent, Leg, LegKind, Trade
from .reports import Facts, grown, of_order, of_pieces, with_fills
from .settings import BINANCE, LifecycleSettings
from .stray import OVER, sold


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """`over` are those that have sold, with no open order and no position left: a sale may have come after the end.

    `skipped` are client order ids with our prefix but an unknown layout; they are never guessed.

    `strangers` are client order ids that are younger than this process and belong to none of the claimed trades. If the
    journal does not know them either, a second daemon trades on the account, perhaps from a copy of this data folder
    and so with our instance id. Its trades are not rebuilt.
    """

    trades: tuple[Trade, ...] = ()
    over: tuple[Trade, ...] = ()
    skipped: tuple[str, ...] = ()
    strangers: tuple[str, ...] = ()


LEG_KINDS: dict[IdKind, LegKind] = {"L": "L", "P": "L", "T": "L", "S": "S", "C": "C"}
Read = tuple[EntryId | ExitId, Order]


def own_orders(view: VenueView) -> list[Order]:
    """Each order with our prefix once, in its most recent state in the read."""
    best: dict[str, Order] = {}
    for order in (*(view.history or ()), *(view.open_orders or ())):
        if ours(order.cid) and (order.cid not in best or younger(order, best[order.cid])):
            best[order.cid] = order
    return list(best.values())


def younger(order: Order, than: Order) -> bool:
    return (order.status != "OPEN", order.cum) > (than.status != "OPEN", than.cum)


def rebuilt(
    view: VenueView,
    instance: str,
    boot_at: int,
    claimed: Iterable[Trade] = (),
    settings: LifecycleSettings = BINANCE,
) -> Rebuilt:
    """The trades of all own orders of one symbol that no known trade claims. `instance` is that of this daemon.

    A trade that has ended claims nothing: what was found of its orders is told again.
    """
    tails = {trade.intent.id[-8:] for trade in claimed if trade.label not in OVER}
    orders = own_orders(view)
    read = [(told, order) for order in orders if (told := parse(order.cid)) and told.tail not in tails]
    strange = [(told, order) for told, order in read if order.created_at > boot_at + settings.horizon]
    theirs = {told.tail for told, _ in strange}
    groups: dict[str, list[Read]] = {}
    for told, order in read:
        if told.tail not in theirs:
            groups.setdefault(told.tail, []).append((told, order))
    found = [trade for group in groups.values() if (trade := whole(group, view, instance, boot_at, settings))]
    return Rebuilt(
        tuple(trade.alerted("recovered", "alert", boot_at) for trade in found if at_work(trade, view)),
        tuple(trade for trade in found if sold(trade) and not at_work(trade, view)),
        tuple(order.cid for order in orders if parse(order.cid) is None),
        tuple(order.cid for _, order in strange),
    )


def ended(view: VenueView, instance: str, now: int, settings: LifecycleSettings = BINANCE) -> tuple[Trade, ...]:
    """The trades of all own orders of one symbol that have no open order and no position left, as far as known."""
    groups: dict[str, list[Read]] = {}
    for order in own_orders(view):
        if told := parse(order.cid):
            groups.setdefault(told.tail, []).append((told, order))
    trades = (whole(group, view, instance, now, settings) for group in groups.values())
    over = (x for x in trades if x and not at_work(x, view) and any(leg.cid and leg.cum for leg in x.entries))
    return tuple(copied(x, legs=tuple(with_fills(leg, view.fills, view.filters.base) for leg in x.legs)) for x in over)


def joined(trade: Trade, found: Trade) -> Trade:
    """A trade with what was read of its orders by somebody else: those that work, and what they executed since."""
    for leg in found.legs:
        known = trade.leg(leg.cid)
        if known is None and leg.cid:
            trade = trade.with_leg(leg)
        elif known is not None and (leg.cum > known.cum or (leg.open and known.state not in STICKY)):
            facts = {name: getattr(leg, name) for name in ("state", "cum", "quote", "fees", "covered", "ex_ids")}
            trade = trade.with_leg(copied(known, **facts))
    return trade


def at_work(trade: Trade, view: VenueView) -> bool:
    return any(leg.open for leg in trade.legs) or position(trade, view.filters) >= view.filters.min_qty


def whole(group: list[Read], view: VenueView, instance: str, boot_at: int, settings: LifecycleSettings) -> Trade | None:
    """One trade from the orders of one intent; None when their information is not enough."""
    intent = intent_of(group, view, instance)
    if intent is None:
        return None
    stop, _ = levels(group)
    trade = Trade(
        intent,
        stop or intent.sl,
        intent.tp,
        base_at_entry=view.balance.total if view.balance else ZERO,
        last_send=boot_at,
        ok_at=boot_at,
        rebuild_until=boot_at + settings.horizon + settings.read_lag,
    )
    trade = adopted(trade, view, boot_at)
    return trade if trade.entries else trade.with_leg(synthetic(trade))


def intent_of(group: list[Read], view: VenueView, instance: str) -> Intent | None:
    """The intent, parsed from the id of the entry; without an entry, from the youngest exit."""
    entry = next(((told, order) for told, order in group if isinstance(told, EntryId)), None)
    full = next((told.intent_id for told, _ in group if isinstance(told, ExitId)), "0" * 18 + group[0][0].tail)
    stop, target = levels(group)
    if entry:
        told, order = entry
        assert isinstance(told, EntryId)
        return asked(full, told, order, target, view, instance)
    if not stop:
        return None
    created = group[0][1].created_at
    tp = target or stop * 2
    symbol = view.filters.symbol
    return Intent(full, "market", symbol, "buy", ZERO, stop, stop, tp, 0, created, instance, source="recovered")


def asked(full: str, told: EntryId, order: Order, target: Decimal | None, view: VenueView, instance: str) -> Intent:
    """What the id of the entry tells: the first stop, which may have been raised since, and the levels in percent."""
    px = order.px or (order.quote_cum / order.cum if order.cum else view.last or ZERO)
    return Intent(
        id=full,
        kind=told.kind,
        symbol=view.filters.symbol,
        side="buy",
        qty=order.qty,
        px=px,
        sl=view.filters.price(at_distance(px, -told.sl_bp)),
        tp=target or view.filters.price(at_distance(px, told.tp_bp)),
        ttl_at=told.expiry * 1000,
        created_at=order.created_at,
        instance=instance,
        source="recovered",
        sl_pct=Decimal(told.sl_bp) / 100,
        tp_pct=Decimal(told.tp_bp) / 100,
        rr=f"1:{Decimal(told.tp_bp) / told.sl_bp:.3g}" if told.kind == "limit" else "",
    )


def levels(group: list[Read]) -> tuple[Decimal | None, Decimal | None]:
    """Stop and target of the youngest exits, the open ones first."""
    exits = [order for told, order in group if isinstance(told, ExitId)]
    exits.sort(key=lambda order: (order.status == "OPEN", order.created_at), reverse=True)
    stop = next((order.stop_px for order in exits if order.stop_px), None)
    target = next((order.px for order in exits if order.px and not order.stop_px), None)
    return stop, target


def caught_up(trade: Trade, view: VenueView, now: int, settings: LifecycleSettings) -> Trade:
    """The trade with all its orders of the read.

    Every order is journaled before it is sent. So one that the journal does not know was sent after the journal was
    copied: the trade is rebuilt, and with any label. An entry that was only planned is left to row 1.
    """
    found = adopted(trade, view, now) if trade.legs else trade
    if trade.rebuild_until or len(found.legs) == len(trade.legs):
        return found
    until = now + settings.horizon + settings.read_lag
    found = copied(found, label="NONE", last_send=now, rebuild_until=until)
    return found.alerted("older than its orders", "alert", now)


def adopted(trade: Trade, view: VenueView, now: int) -> Trade:
    """The trade with every own order of its intent as a leg. An entry takes the place of a synthetic one."""
    orders = own_orders(view)
    known = {cid for leg in trade.legs for cid in leg.cids} if orders else set()
    tail = trade.intent.id[-8:]
    for order in orders:
        told = parse(order.cid)
        if told is None or told.tail != tail or order.cid in known:
            continue
        leg = as_read(trade, told, order, view)
        trade, known = trade.with_leg(leg), known | set(leg.cids)
    entries = [leg.cid for leg in trade.entries]
    if any(entries) and not all(entries):
        trade = copied(trade, legs=tuple(leg for leg in trade.legs if leg.cid))
    return trade


def as_read(trade: Trade, told: EntryId | ExitId, order: Order, view: VenueView) -> Leg:
    base, sent_at = view.filters.base, order.created_at
    kind: LegKind = "E" if isinstance(told, EntryId) else LEG_KINDS[told.kind]
    sl, tp = order.stop_px or trade.sl, trade.tp
    leg = Leg(order.cid, kind, told.gen, "UNKNOWN", order.qty, sl, tp, sent_at, sent_at)
    facts: Facts | None = of_order(order, base)
    if isinstance(told, ExitId) and kind == "L":
        source = copied(trade.intent, id=told.intent_id, instance=told.instance)
        cid, stop_cid, target_cid = (exit_id(source, part, told.gen) for part in ("L", "P", "T"))
        leg = copied(leg, cid=cid, stop_cid=stop_cid, target_cid=target_cid)
        pieces = own_orders(view)
        facts = of_pieces(leg, pieces, base)
        leg = copied(leg, sl=next((piece.stop_px for piece in pieces if piece.cid == stop_cid), None) or sl)
    return grown(leg, [facts], sent_at) if facts else leg


def synthetic(trade: Trade) -> Leg:
    """The entry of a position whose order was not found, sized by its exits. Never sent or looked up."""
    rest = sum((leg.rest for leg in trade.exits if leg.open), ZERO)
    sold = sum((leg.cum for leg in trade.legs), ZERO)
    return holding(trade.intent, rest + sold)


def restored(
    intent: Intent, exits: OrderList, view: VenueView, now: int, settings: LifecycleSettings = BINANCE
) -> Trade:
    """A trade restored by hand whose exits were found at the venue; it is managed like any other."""
    stop, target = exits.stop, exits.target
    leg = Leg(
        exits.cid,
        "L",
        1,
        "OPEN",
        stop.qty,
        stop.stop_px or intent.sl,
        target.px or intent.tp,
        stop.created_at,
        stop.created_at,
        stop_cid=stop.cid,
        target_cid=target.cid,
        ex_ids=(stop.ex_id, target.ex_id),
    )
    return Trade(
        intent,
        leg.sl,
        leg.tp,
        legs=(holding(intent, intent.qty), leg),
        base_at_entry=view.balance.total if view.balance else ZERO,
        last_send=now,
        ok_at=now,
        rebuild_until=now + settings.horizon + settings.read_lag,
        label="PROTECTED",
    )


def holding(intent: Intent, qty: Decimal) -> Leg:
    """A filled entry without an order, for a position that is known from elsewhere."""
    at = intent.created_at
    return Leg("", "E", 1, "FILLED", qty, intent.sl, intent.tp, at, at, cum=qty, covered=qty)

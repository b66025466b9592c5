"""Step 2 of a tick: at most one effect, the first row that matches.

Each row is a small function of the scene. It returns an `End` (the tick is decided, with or without an effect), an
`Again` (a reason to close was found: start over with the first row), or the scene, changed or not, for the next row.
A row that needs a part of the venue that was not read ends the tick, and says which.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal

from opentrader.domain.copies import copied
from opentrader.domain.trading.looks import Part
from opentrader.domain.trading.venue import ZERO, Effect

from .fold import quarantined, with_levels
from .ids import entry_id
from .looking import quiet
from .placing import Sent, cancel, close, enter, protect, replace_list, spent, untouched
from .reasons import REASONS
from .records import Leg, Trade, revised
from .scene import Scene, Unread
from .sizing import size


@dataclass(frozen=True, slots=True)
class End:
    """`lacking`: the parts that the decision needs, and the look has not read."""

    trade: Trade
    effect: Effect | None = None
    lacking: frozenset[Part] = frozenset()


@dataclass(frozen=True, slots=True)
class Again:
    trade: Trade


Verdict = Scene | End | Again
Row = Callable[[Scene], Verdict]


def wait(scene: Scene) -> End:
    return End(scene.trade)


def send(told: Sent) -> End:
    return End(*told)


def ttl_over(scene: Scene) -> bool:
    return 0 < scene.trade.intent.ttl_at <= scene.now


def planned(scene: Scene) -> Verdict:
    trade = scene.trade
    if trade.legs or trade.quar:
        return scene
    if trade.halt:
        scene.demand("open_orders", "history")
    if sent_by_another(scene):
        return End(quarantined(trade, "second writer", scene.now))
    if trade.close_reason or trade.halt or ttl_over(scene) or not scene.view.filters.trades:
        return End(copied(trade, close_reason="expired_unsent"))
    scene.demand("price", "balance")
    return End(copied(trade, close_reason="expired_unsent")) if outrun(scene) else send(enter(scene))


def outrun(scene: Scene) -> bool:
    """The market, or the time of a market entry, has left the intent behind before it was sent."""
    intent, settings = scene.trade.intent, scene.settings
    if intent.kind == "limit":
        return scene.last <= intent.sl
    late = scene.now > intent.created_at + settings.send_within
    return late or not intent.sl < scene.last < intent.tp or abs(scene.last - intent.px) > intent.px * settings.collar


def sent_by_another(scene: Scene) -> bool:
    """The venue knows the id of an entry that this process never sent; only one loaded at the start is searched for."""
    cid = entry_id(scene.trade.intent, scene.view.filters.cid_length)
    return any(order.cid == cid for order in (*(scene.view.open_orders or ()), *(scene.view.history or ())))


def quarantine(scene: Scene) -> Verdict:
    if scene.trade.quar != "unknown":
        return scene
    return End(scene.trade.alerted("quarantine", "page", scene.now, scene.settings.page_every))


def close_in_flight(scene: Scene) -> Verdict:
    return wait(scene) if any(leg.live for leg in scene.trade.closes) else scene


def not_traded(scene: Scene) -> Verdict:
    """The symbol takes no orders. What rests stays, nothing is sent, and what had paused begins anew when it trades."""
    trade, filters, entry = scene.trade, scene.view.filters, scene.entry_open
    if filters.trades or not (scene.held >= filters.min_qty or any(leg.live for leg in trade.legs)):
        return scene
    legs = tuple(untouched(leg, filters.status) for leg in trade.legs)
    trade = revised(trade, legs=legs, close_after=0, failed_closes=0, failed_protects=0, bal_reread=0, pauses=0)
    if filters.status == "CANCEL_ONLY" and entry and not entry.cancel_sent and unwanted(scene):
        return send(cancel(scene.with_trade(trade), entry))
    if quiet(trade):
        return End(trade)
    scene.can_have("price")  # a look, which shows whether it trades again
    return End(copied(trade, retry_at=scene.now + scene.settings.reconcile))


def reason(scene: Scene) -> Verdict:
    if scene.trade.close_reason:
        return scene
    found = next((name for name, holds in REASONS if holds(scene)), "")
    return scene.with_trade(scene.trade.closing_for(found, scene.now)) if found else scene


def unwanted(scene: Scene) -> bool:
    return ttl_over(scene) or scene.trade.halt or bool(scene.trade.close_reason)


def entry_unwanted(scene: Scene) -> Verdict:
    return send(cancel(scene, scene.entry_open)) if scene.entry_open and unwanted(scene) else scene


def entry_in_flight(scene: Scene) -> Verdict:
    return wait(scene) if any(leg.in_flight for leg in scene.trade.entries) else scene


def nothing_held(scene: Scene) -> Verdict:
    if scene.trade.entry_works or not scene.dust:
        return scene
    return send(cancel(scene, scene.exit_open)) if scene.exit_open else wait(scene)


def too_little_to_protect(scene: Scene) -> Verdict:
    if scene.held >= scene.protectable or scene.exit_live or scene.trade.close_reason:
        return scene
    held = scene.held > 0
    return End(scene.trade.alerted("soft stop only", "alert", scene.now) if held else scene.trade)


def closing(scene: Scene) -> Verdict:
    trade, settings = scene.trade, scene.settings
    if not trade.close_reason or scene.now < trade.rebuild_until:
        return scene
    if scene.now < trade.close_after:
        scene.demand("price")  # another price may end the cause of the pause
        if not price_moved(scene):
            return scene
    if scene.exit_in_flight and not harmless(scene, scene.exit_in_flight):
        return wait(scene)
    if spent(scene):
        return End(over_budget(scene))  # what protects it stays until then
    if scene.exit_open:
        return send(cancel(scene, scene.exit_open))
    if doubtful := overruled_exit(trade):
        return send(cancel(scene, doubtful))
    if trade.failed_closes < settings.max_closes:
        scene.demand("price", "balance")
        sized = size(scene)
        return End(sized.trade) if sized.qty is None else send(close(scene.with_trade(sized.trade), sized.qty))
    return scene.with_trade(close_paused(scene))


def overruled_exit(trade: Trade) -> Leg | None:
    """An exit that an operator has declared absent may lock the position all the same: it is canceled once."""
    if not trade.overruled:
        return None
    return next((leg for leg in trade.exits if leg.state == "ABSENT" and leg.cancel_at < trade.overruled), None)


def harmless(scene: Scene, leg: Leg) -> bool:
    """An unresolved exit that exceeds the user's own coins: it cannot execute in addition to a close."""
    return max(scene.trade.base_at_entry, scene.wallet - scene.held) < leg.qty


def close_paused(scene: Scene) -> Trade:
    """No attempts left: page, protect meanwhile, and retry one close after each pause, a longer one each time."""
    trade, settings, cause = scene.trade, scene.settings, last_refusal(scene.trade)
    pauses = trade.pauses + 1 if cause == trade.paused_for and not price_moved(scene) else 1
    paused = copied(
        trade.without_replacement(),
        close_after=scene.now + min(settings.close_pause << (pauses - 1), settings.longest_pause),
        pauses=pauses,
        paused_for=cause,
        paused_px=scene.view.last or trade.paused_px,
        failed_closes=settings.max_closes - 1,
        failed_protects=0,
        bal_reread=0,
        want=ZERO,
    )
    return paused.alerted("close failed", "page", scene.now, settings.page_every)


def last_refusal(trade: Trade) -> str:
    """Why the last close came to nothing."""
    leg = max(trade.closes, key=lambda leg: leg.sent_at, default=None)
    return "" if leg is None else f"{leg.state} {leg.refused} {leg.refusal}"


def price_moved(scene: Scene) -> bool:
    """Whether the price is another one than when the pause began, as far as it is known."""
    before, last = scene.trade.paused_px, scene.view.last
    return before > 0 and last is not None and abs(last - before) > before * scene.settings.price_moved


def over_budget(scene: Scene) -> Trade:
    return scene.trade.alerted("too many orders", "page", scene.now, scene.settings.page_every)


def protected_lately(scene: Scene) -> bool:
    last = max((leg.sent_at for leg in scene.trade.exits), default=0)
    return scene.now < last + scene.settings.close_pause


def unprotected(scene: Scene) -> Verdict:
    trade = scene.trade
    if scene.exit_live:
        return scene
    if scene.held < scene.protectable:
        return wait(scene)
    if trade.close_reason and trade.failed_protects and scene.now < trade.close_after and protected_lately(scene):
        stuck = copied(trade, quar="exit")
        return End(stuck.alerted("neither closed nor protected", "page", scene.now, scene.settings.page_every))
    if young_part(scene) or removed_lately(scene) or scene.now < trade.rebuild_until:
        return wait(scene)
    if spent(scene):
        return End(over_budget(scene))
    scene.demand("price", "balance")
    if scene.last <= trade.floor or scene.last >= trade.ceiling:
        return wait(scene) if trade.close_reason else Again(trade.closing_for("through", scene.now))
    sized = size(scene)
    return End(sized.trade) if sized.qty is None else send(next_protection(scene.with_trade(sized.trade), sized.qty))


def young_part(scene: Scene) -> bool:
    """A recent partial fill of a working entry: more may follow at once, and each part would need its own list."""
    leg = scene.entry_open
    return leg is not None and scene.now - leg.part_at < scene.settings.partial_protect_after


def removed_lately(scene: Scene) -> bool:
    """The exit was removed outside: was the position sold? A lagging or failed read of the history cannot tell yet."""
    at = max((leg.flag_at for leg in scene.trade.exits if leg.flag == "OUTSIDE"), default=0)
    if not at:
        return False
    unread = not scene.can_have("history") and scene.now < at + scene.settings.bare_limit
    return unread or scene.now < at + scene.settings.read_lag


def next_protection(scene: Scene, qty: Decimal) -> Sent:
    """At the new level of a replacement while the price allows it, else at the old level."""
    trade = scene.trade
    if trade.replacing and trade.stage == 0 and trade.rep_new < scene.last < (trade.rep_tp or trade.tp):
        return protect(scene, qty, trade.rep_new, trade.rep_tp)
    return protect(scene.with_trade(copied(trade, stage=1)), qty, trade.sl)


def exit_unresolved(scene: Scene) -> Verdict:
    return wait(scene) if scene.exit_in_flight else scene


def two_exits(scene: Scene) -> Verdict:
    exits = [leg for leg in scene.trade.exits if leg.open]
    if len(exits) < 2:
        return scene
    trade = scene.trade.alerted("two exits", "alert", scene.now)
    return send(cancel(scene.with_trade(trade), min(exits, key=lambda leg: leg.sl)))


def exit_at_work(scene: Scene) -> Verdict:
    leg = scene.exit_open
    return wait(scene) if leg and (leg.cum > 0 or leg.flag == "TRIGGERED") else scene


def replacement_begun(scene: Scene) -> Verdict:
    trade, leg = scene.trade, scene.exit_open
    if leg is None or not leg.cancel_sent or trade.close_reason:
        return scene
    if trade.replacing and (not trade.trailing or fits(scene, trade.rep_new, trade.rep_tp)):
        return send(cancel(scene, leg))
    kept_list = trade.with_leg(copied(leg, cancel_sent=0))
    return scene.with_trade(copied(kept_list.without_replacement(), want=ZERO))


def replacement_done(scene: Scene) -> Verdict:
    trade, leg = scene.trade, scene.exit_open
    if leg is None or leg.cancel_sent or not trade.replacing:
        return scene
    reached = leg.sl >= trade.want or (trade.trailing and trade.stage == 1)
    want = ZERO if reached else trade.want
    return scene.with_trade(copied(with_levels(trade, leg), want=want))


def rebuilding(scene: Scene) -> Verdict:
    """An exit is not removed while it cannot be replaced."""
    return wait(scene) if scene.now < scene.trade.rebuild_until else scene


def wrong_size(scene: Scene) -> Verdict:
    trade, leg = scene.trade, scene.exit_open
    if leg is None or trade.close_reason or not (leg.rest > scene.held or grown_beyond(scene, leg)):
        return scene
    if spent(scene):
        return End(over_budget(scene))
    begun = copied(trade, rep_old=trade.sl, rep_new=trade.sl, stage=1)
    return send(cancel(scene.with_trade(begun), leg))


def grown_beyond(scene: Scene, leg: Leg) -> bool:
    filters, uncovered = scene.view.filters, scene.uncovered
    if uncovered < 2 * filters.step:
        return False
    old = scene.now - leg.sent_at >= scene.settings.partial_protect_after
    return scene.trade.entry_ended or (old and uncovered * scene.trade.sl >= filters.min_notional)


def fits(scene: Scene, stop: Decimal, target: Decimal) -> bool:
    """Whether the price is still far enough from a stop, and from a target if there is one."""
    gap = scene.settings.stop_gap
    return scene.last > stop * (1 + gap) and (not target or scene.last < target * (1 - gap))


def move(scene: Scene) -> Verdict:
    """Levels that a person has asked for are placed at once, or given up."""
    trade, leg = scene.trade, scene.exit_open
    if trade.move != "asked" or leg is None or trade.close_reason:
        return scene
    if (leg.sl, trade.tp) == (trade.move_sl, trade.move_tp):
        return scene.with_trade(copied(trade, move="done"))
    if leg.kind == "S" and leg.sl == trade.move_sl:
        return scene.with_trade(copied(trade, tp=trade.move_tp, move="done"))  # only ours, no order stands for it
    if not fits(scene, trade.move_sl, trade.move_tp):
        return scene.with_trade(copied(trade, move="kept"))
    if spent(scene):
        return End(over_budget(scene))
    begun = copied(trade, rep_old=leg.sl, rep_new=trade.move_sl, rep_tp=trade.move_tp, stage=0)
    return send(cancel(scene.with_trade(begun), leg))


def trail(scene: Scene) -> Verdict:
    trade, leg = scene.trade, scene.exit_open
    if leg is None or trade.want <= trade.sl or trade.entry_works or trade.close_reason:
        return scene
    if scene.last <= trade.want * (1 + scene.settings.stop_gap):
        return scene
    if spent(scene):
        return End(over_budget(scene))
    begun = scene.with_trade(copied(trade, rep_old=leg.sl, rep_new=trade.want, stage=0))
    if scene.view.filters.cancel_replace and leg.kind == "L":
        return send(replace_list(begun, leg, trade.want))
    return send(cancel(begun, leg))


ROWS: tuple[tuple[str, Row], ...] = (
    ("1", planned),
    ("2", quarantine),
    ("3", close_in_flight),
    ("3a", not_traded),
    ("4", reason),
    ("5", entry_unwanted),
    ("6", entry_in_flight),
    ("7", nothing_held),
    ("8", too_little_to_protect),
    ("9", closing),  # sized by row 10, see `sizing`
    ("11", unprotected),
    ("12", exit_unresolved),
    ("13", two_exits),
    ("13a", exit_at_work),
    ("14", replacement_begun),
    ("14a", replacement_done),
    ("14b", rebuilding),
    ("15", wrong_size),
    ("15a", move),
    ("16", trail),
)


def also_needed(scene: Scene) -> frozenset[Part]:
    """What is bare is about to be protected or sold: then the balance is read together with the price."""
    bare = scene.held >= scene.protectable and not scene.exit_live and not scene.trade.entry_works
    return frozenset({"balance"}) if bare and scene.view.lacks("balance") else frozenset()


def decide(scene: Scene) -> End:
    for _, row in ROWS:
        try:
            verdict = row(scene)
        except Unread as unread:
            return End(scene.trade, lacking=unread.parts | also_needed(scene))
        if isinstance(verdict, End):
            return verdict
        if isinstance(verdict, Again):
            return decide(scene.with_trade(verdict.trade))
        scene = verdict
    return wait(scene)

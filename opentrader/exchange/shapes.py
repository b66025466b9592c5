"""What an answer of a venue must look like, whatever adapter it came through: types, numbers, instants, names.

Each function returns the value that it was given, or raises `GarbledAnswer` with what was wrong. Nothing here knows a
venue. What may be in an account without us (orders of any type, an order of no quantity) is let through.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from reprlib import repr as shortened
from typing import Any, TypeVar, cast, get_args

from opentrader.domain.trading.exchange import (
    GarbledAnswer,
    NewList,
    NewOrder,
    OrderChanged,
    PricesChanged,
    PriceTicker,
    ReadRefused,
    StreamAlive,
    Told,
    VenueEvent,
)
from opentrader.domain.trading.venue import (
    ZERO,
    Accepted,
    Balance,
    Fill,
    Filters,
    Order,
    OrderList,
    Outcome,
    PriceBand,
    Reason,
    Refused,
    Side,
    Status,
    SymbolStatus,
    Unknown,
)
from opentrader.errors import OpentraderError

MOST_DIGITS = 30  # before and after the point; a quantity of the cheapest coin has 16
LONGEST, MOST_TEXT = 200, 10_000  # letters of a name or an id, and of a message
EARLIEST, LATEST = 1_230_768_000_000, 4_102_444_800_000  # 2009 and 2100: seconds and microseconds lie outside
MOST_RETRY = 7 * 86_400_000  # milliseconds; the longest ban of a venue is three days
SIDES, STATUSES, SYMBOL_STATUSES = get_args(Side), get_args(Status), get_args(SymbolStatus)
REASONS = tuple(set(get_args(Reason)) - {"late", "gate", "held"})  # those say that we sent nothing
T = TypeVar("T")
Shape = Callable[[Any], T]


def garbled(what: str, value: object) -> GarbledAnswer:
    return GarbledAnswer(f"the exchange reported {shortened(value)} as {what}", hint="it is asked again soon")


def demand(holds: bool, what: str, value: object) -> None:
    if not holds:
        raise garbled(what, value)


# --- numbers, instants, names: dozens in each answer, so that they call nothing while all is well


def amount(value: Any, what: str) -> None:
    """A number of at least 0."""
    if not isinstance(value, Decimal) or not value.is_finite() or value < ZERO or abs(value.adjusted()) > MOST_DIGITS:
        raise garbled(what, value)


def positive(value: Any, what: str) -> None:
    amount(value, what)
    if not value:
        raise garbled(what, value)


def count(value: Any, what: str, most: int = 1_000_000) -> None:
    demand(type(value) is int and 0 <= value <= most, what, value)


def instant(value: Any, what: str) -> None:
    if type(value) is not int or not EARLIEST <= value <= LATEST:
        raise garbled(what, value)


def text(value: Any, what: str, most: int = LONGEST) -> None:
    """Letters that can be stored and shown; it may be empty."""
    if not isinstance(value, str) or len(value) > most or not value.isprintable():
        raise garbled(what, value)


def name(value: Any, what: str) -> None:
    text(value, what)
    if not value:
        raise garbled(what, value)


def one_of(values: tuple[str, ...], value: Any, what: str) -> None:
    demand(isinstance(value, str) and value in values, what, value)


def flag(value: Any, what: str) -> None:
    demand(type(value) is bool, what, value)


def kind(type_: type | tuple[type, ...], value: Any, what: str) -> None:
    if not isinstance(value, type_):
        raise garbled(what, value)


# --- values


def ticker(told: Any) -> PriceTicker:
    kind(PriceTicker, told, "the prices")
    positive(told.bid, "the bid price")
    positive(told.ask, "the ask price")
    positive(told.last, "the last price")
    instant(told.at, "the time of the price")
    return cast(PriceTicker, told)


def balance(told: Any) -> Balance:
    kind(Balance, told, "a balance")
    amount(told.free, "the free balance")
    amount(told.locked, "the locked balance")
    return cast(Balance, told)


def order(told: Any) -> Order:
    kind(Order, told, "an order")
    text(told.cid, "the client id of an order")
    name(told.ex_id, "the id of an order")
    one_of(SIDES, told.side, "the side of an order")
    name(told.type, "the type of an order")
    one_of(STATUSES, told.status, "the status of an order")
    text(told.list_id, "the list of an order")
    flag(told.triggered, "whether an order was triggered")
    for at, what in ((told.created_at, "the start of an order"), (told.updated_at, "the change of an order")):
        demand(type(at) is int and (at == 0 or EARLIEST <= at <= LATEST), what, at)
    for px, what in ((told.px, "the price of an order"), (told.stop_px, "the stop price of an order")):
        if px is not None:
            positive(px, what)
    _executed(told)
    return cast(Order, told)


def _executed(told: Any) -> None:
    """What has become of an order: no more than its quantity, all of it when filled, and never for nothing."""
    amount(told.qty, "the quantity of an order")
    amount(told.cum, "what was executed of an order")
    amount(told.quote_cum, "what was paid for an order")
    amount(told.covered, "what the fees of an order cover")
    demand(told.covered <= told.cum <= told.qty, "what was executed of an order", told.cum)
    demand((told.quote_cum > 0) == (told.cum > 0), "what was paid for an order", told.quote_cum)
    demand(told.qty > 0 or told.status != "OPEN", "the quantity of an order", told.qty)
    demand(told.cum == told.qty or told.status != "FILLED", "what was executed of a filled order", told.cum)
    kind(tuple, told.fees, "the fees of an order")
    for fee in told.fees:
        demand(isinstance(fee, tuple) and len(fee) == 2, "a fee", fee)
        name(fee[0], "the asset of a fee")
        amount(fee[1], "a fee")


def order_list(told: Any) -> OrderList:
    kind(OrderList, told, "an order list")
    name(told.cid, "the client id of a list")
    name(told.ex_id, "the id of a list")
    flag(told.executing, "whether a list is executing")
    stop, target = order(told.stop), order(told.target)
    demand((stop.side, stop.qty) == (target.side, target.qty), "the target of a list", target)
    return cast(OrderList, told)


def fill(told: Any) -> Fill:
    kind(Fill, told, "a fill")
    name(told.trade_id, "the id of a fill")
    name(told.order_ex_id, "the order of a fill")
    one_of(SIDES, told.side, "the side of a fill")
    positive(told.qty, "the quantity of a fill")
    positive(told.px, "the price of a fill")
    amount(told.fee, "the fee of a fill")
    name(told.fee_asset, "the asset of a fee")
    amount(told.rate, "the rate of a fee")
    instant(told.at, "the time of a fill")
    return cast(Fill, told)


def filters_of(symbol: str, told: Any) -> Filters:
    kind(Filters, told, "the rules of a symbol")
    demand(told.symbol == symbol, f"the rules of {symbol}", told.symbol)
    name(told.base, "the base asset")
    name(told.quote, "the quote asset")
    positive(told.tick, "the tick")
    positive(told.step, "the step")
    amount(told.min_qty, "the least quantity")
    amount(told.min_notional, "the least value")
    amount(told.taker_rate, "the fee rate")
    demand(told.taker_rate < 1, "the fee rate", told.taker_rate)
    kind(frozenset, told.order_types, "the types of orders")
    for type_ in told.order_types:
        name(type_, "a type of orders")
    one_of(SYMBOL_STATUSES, told.status, "the status of a symbol")
    flag(told.lists, "whether there are lists")
    flag(told.cancel_replace, "whether orders are replaced")
    for most in (told.max_orders, told.max_stops, told.max_lists, told.cid_length):
        count(most, "a limit of the symbol")
    if told.band is not None:
        _band(told.band)
    return cast(Filters, told)


def _band(told: Any) -> None:
    kind(PriceBand, told, "the band of prices")
    for down, up in ((told.bid_down, told.bid_up), (told.ask_down, told.ask_up)):
        amount(down, "the lower end of the band")
        positive(up, "the upper end of the band")
        demand(down <= up, "the band of prices", (down, up))


def server_time(told: Any) -> int:
    instant(told, "its time")
    return cast(int, told)


# --- many


def each(shape: Shape[T], told: Any) -> tuple[T, ...]:
    """A tuple in which everything has that shape."""
    kind(tuple, told, "a list")
    for one in told:
        shape(one)
    return cast("tuple[T, ...]", told)


def by_name(shape: Shape[T], told: Any) -> Told[T]:
    """A mapping; what has not that shape hides nothing else."""
    kind(Mapping, told, "what the account has")
    bad = set[str]()
    for key, one in told.items():
        name(key, "a symbol")
        try:
            shape(one)
        except GarbledAnswer:
            bad.add(key)
    return Told({key: one for key, one in told.items() if key not in bad} if bad else told, frozenset(bad))


# --- one that was asked for


def order_called(cid: str, told: Any) -> Order:
    demand(order(told).cid == cid, f"the order {cid}", told.cid)
    return cast(Order, told)


def list_called(cid: str, told: Any) -> OrderList:
    demand(order_list(told).cid == cid, f"the list {cid}", told.cid)
    return cast(OrderList, told)


def event(told: Any) -> VenueEvent:
    """What a stream tells; of prices, those that can be read."""
    kind((OrderChanged, PricesChanged, StreamAlive), told, "an event")
    if isinstance(told, OrderChanged):
        name(told.symbol, "a symbol")
    if isinstance(told, PricesChanged):
        return PricesChanged(by_name(ticker, told.prices).known)
    return cast(VenueEvent, told)


# --- refusals, and outcomes of a write


def refusal(told: OpentraderError) -> None:
    text(told.detail, "the reason of a refusal", MOST_TEXT)
    if isinstance(told, ReadRefused):
        count(told.retry_after, "the pause after a refusal", MOST_RETRY)


def outcome(report: Shape[object], told: Any) -> Outcome:
    """An outcome; an accepted one has no report, or one of that shape."""
    if isinstance(told, Accepted):
        if told.report is not None:
            report(told.report)
        return told
    kind((Refused, Unknown), told, "the outcome of a request")
    text(told.text, "the reason of a refusal", MOST_TEXT)
    if isinstance(told, Refused):
        demand(told.reason in REASONS, "the reason of a refusal", told.reason)
        demand(type(told.code) is int, "the code of a refusal", told.code)
        count(told.retry_after, "the pause after a refusal", MOST_RETRY)
    return cast(Outcome, told)


def placed(new: NewOrder, told: Any) -> Order:
    """The order that was asked for."""
    report = order_called(new.cid, told)
    demand((report.side, report.qty) == (new.side, new.qty), f"the order {new.cid}", (report.side, report.qty))
    return report


def placed_list(new: NewList, told: Any) -> OrderList:
    """The list that was asked for, with both of its orders."""
    report = list_called(new.cid, told)
    cids = {report.stop.cid, report.target.cid}
    demand(cids == {new.above.cid, new.below.cid}, f"the orders of the list {new.cid}", cids)
    here = (report.stop.side, report.stop.qty)
    demand(here == (new.side, new.qty), f"the list {new.cid}", here)
    return report


def canceled(cid: str, told: Any) -> Order | OrderList:
    """The order or the list of that id as it ended, or the list in which the order was."""
    if isinstance(told, OrderList):
        report = order_list(told)
        cids = (report.cid, report.stop.cid, report.target.cid)
        demand(cid in cids, f"the end of {cid}", cids)
        demand(not report.executing, f"the end of {cid}", "a list that is executing")
        return report
    ended = order_called(cid, told)
    demand(ended.status != "OPEN", f"the end of {cid}", ended.status)
    return ended

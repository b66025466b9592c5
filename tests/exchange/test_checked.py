"""The port over an adapter that answers with garbage: a read has failed, a write is unknown, and no more than that."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from decimal import Decimal
from types import MappingProxyType
from typing import Any

import pytest

from opentrader.domain.trading.exchange import (
    GarbledAnswer,
    ListLeg,
    NewList,
    NewOrder,
    OrderChanged,
    PricesChanged,
    PriceTicker,
    ReadRefused,
    StreamAlive,
    StreamLost,
    Unreachable,
    VenueEvent,
)
from opentrader.domain.trading.looks import PARTS, Watch
from opentrader.domain.trading.venue import (
    Accepted,
    Balance,
    Fill,
    Filters,
    Order,
    OrderList,
    PriceBand,
    Refused,
    Unknown,
)
from opentrader.exchange.checked import CheckedCalls
from opentrader.exchange.connection import VenueConnection
from opentrader.exchange.governor import Governor
from tests.fakes.clock import NOW_MS, StillClock
from tests.fakes.garbage import Path, garbage_for, places, spoiled

D = Decimal
BTC, ETH = "BTCUSDT", "ETHUSDT"
BUY = Order(
    cid="e",
    ex_id="1",
    side="buy",
    type="LIMIT",
    status="OPEN",
    qty=D(2),
    cum=D(1),
    quote_cum=D(100),
    px=D(100),
    fees=(("BTC", D("0.001")),),
    covered=D(1),
    created_at=NOW_MS,
    updated_at=NOW_MS,
)
STOP = replace(BUY, cid="s", ex_id="2", side="sell", type="STOP_LOSS", px=None, stop_px=D(95), list_id="7")
TARGET = replace(STOP, cid="t", ex_id="3", type="LIMIT_MAKER", px=D(110), stop_px=None)
LIST = OrderList("l", "7", True, STOP, TARGET)
ENDED = replace(BUY, status="CANCELED")
ENDED_LIST = OrderList("l", "7", False, replace(STOP, status="CANCELED"), replace(TARGET, status="CANCELED"))
FILL = Fill("9", "1", "buy", D(1), D(100), D("0.001"), "BTC", NOW_MS, D(100))
TICKER = PriceTicker(D(99), D(101), D(100), NOW_MS)
FILTERS = Filters(BTC, "BTC", "USDT", D("0.01"), D("0.001"), D("0.001"), D(5), D("0.001"), band=PriceBand())
NEW = NewOrder("e", BTC, "buy", "LIMIT", D(2), NOW_MS, D(100))
NEW_LIST = NewList(
    "l", BTC, "sell", D(2), ListLeg("t", "LIMIT_MAKER", D(110)), ListLeg("s", "STOP_LOSS", None, D(95)), NOW_MS
)
ANSWERS: dict[str, Any] = {
    "place": Accepted(BUY),
    "place_list": Accepted(LIST),
    "cancel": Accepted(ENDED),
    "cancel_list": Accepted(ENDED_LIST),
    "replace": Accepted(BUY),
    "order": BUY,
    "order_list": LIST,
    "open_orders": (BUY, STOP, TARGET),
    "open_everywhere": {BTC: (BUY,), ETH: (STOP, TARGET)},
    "open_lists": (LIST,),
    "orders": (ENDED, STOP),
    "fills": (FILL,),
    "balances": {"BTC": Balance(D(2), D(1)), "USDT": Balance(D(50), D(0))},
    "ticker": TICKER,
    "prices": {BTC: TICKER, ETH: TICKER},
    "filters": FILTERS,
}


class Telling:
    """An adapter that answers what it is told to, whatever it is asked; an exception is raised."""

    venue, used, pushes = "telling", 0, True

    def __init__(self, **answers: Any) -> None:
        self.answers = ANSWERS | answers

    def __getattr__(self, method: str) -> Callable[..., Awaitable[Any]]:
        async def call(*given: Any) -> Any:
            answer = self.answers[method]
            if isinstance(answer, Exception):
                raise answer
            return answer

        return call


def connected(**answers: Any) -> VenueConnection:
    calls: Any = Telling(**answers)
    return VenueConnection(calls, StillClock(), governor=Governor(0, asyncio.get_running_loop().time))


NAMES = {"order": "e", "order_list": "l", "orders": "history", "ticker": "price"}  # in a view
WRITES: dict[str, Callable[[VenueConnection], Awaitable[Any]]] = {
    "place": lambda link: link.place(NEW),
    "place_list": lambda link: link.place_list(NEW_LIST),
    "cancel": lambda link: link.cancel(BTC, "e"),
    "cancel_list": lambda link: link.cancel_list(BTC, "l"),
    "replace": lambda link: link.replace("l", NEW),
}
WATCH = Watch(BTC, orders=("e",), lists=("l",), parts=PARTS)


async def unread(link: VenueConnection, method: str) -> set[str]:
    """What of the account could not be read, because that method of the adapter has answered garbage."""
    try:
        match method:
            case "filters":
                await link.filters(BTC)
                return set()
            case "open_lists":
                await link.open_lists()
                return set()
            case "open_everywhere":
                return set((await link.open_everywhere()).unreadable)
            case "prices":
                return {BTC, ETH} - (await link.prices((BTC, ETH))).keys()
            case "balances":
                await link.account()
    except GarbledAnswer:
        return {method}
    return set((await link.look(WATCH)).failed)


async def test_what_is_right_is_let_through() -> None:
    link = connected()
    view = await link.look(WATCH)
    assert view.complete
    assert (view.last, view.balance, view.found["l"]) == (D(100), Balance(D(2), D(1)), LIST)
    assert (view.open_orders, view.history, view.fills) == ((BUY, STOP, TARGET), (ENDED, STOP), (FILL,))
    assert (await link.account()).balances == ANSWERS["balances"]
    assert (await link.open_everywhere()).known == ANSWERS["open_everywhere"]
    assert await link.open_lists() == (LIST,)
    assert await link.prices((BTC, ETH)) == ANSWERS["prices"]
    for method, write in WRITES.items():
        assert await write(link) is ANSWERS[method]


READS = [(m, path) for m in ANSWERS if m not in WRITES for path in places(ANSWERS[m])]


@pytest.mark.parametrize(("method", "path"), READS, ids=[f"{m}-{'.'.join(map(str, path))}" for m, path in READS])
async def test_a_misshapen_read_is_a_read_that_failed(method: str, path: Path) -> None:
    """Of that part, order or symbol, and of nothing else."""
    kinds = garbage_for(ANSWERS[method], path)
    for garbage in kinds:
        failed = await unread(connected(**{method: spoiled(ANSWERS[method], path, garbage)}), method)
        assert failed == concerned(method, path), garbage
    assert kinds


def concerned(method: str, path: Path) -> set[str]:
    if method == "balances" and path:
        return {"balance"} if path[0] == "BTC" else set()
    of_one = method in {"open_everywhere", "prices"} and path
    return {path[0]} if of_one else {NAMES.get(method, method)}


CHANGES = [(m, path) for m in WRITES for path in places(ANSWERS[m])]


@pytest.mark.parametrize(("method", "path"), CHANGES, ids=[f"{m}-{'.'.join(map(str, path))}" for m, path in CHANGES])
async def test_a_misshapen_reply_to_a_write_is_unknown(method: str, path: Path) -> None:
    for garbage in garbage_for(ANSWERS[method], path):
        outcome = await WRITES[method](connected(**{method: spoiled(ANSWERS[method], path, garbage)}))
        assert isinstance(outcome, Unknown), garbage


@pytest.mark.parametrize("path", list(places(Refused("rate", -1003, "no", 1_000))), ids=str)
async def test_a_misshapen_refusal_is_unknown(path: Path) -> None:
    right = Refused("rate", -1003, "no", 1_000)
    assert await connected(place=right).place(NEW) is right
    kinds = [one for one in garbage_for(right, path) if not (path == ("code",) and type(one) is int)]
    for garbage in kinds:
        if path == ("text",) and garbage == "x" * 300:
            continue  # a long text is a text
        assert isinstance(await connected(place=spoiled(right, path, garbage)).place(NEW), Unknown), garbage


@pytest.mark.parametrize("reason", ["late", "gate", "held"])
async def test_an_adapter_cannot_say_that_we_sent_nothing(reason: Any) -> None:
    assert isinstance(await connected(place=Refused(reason)).place(NEW), Unknown)


@pytest.mark.parametrize(
    "changed",
    [
        {"cum": D(3)},  # more than was ordered
        {"cum": D(0), "covered": D(0)},  # paid for nothing
        {"quote_cum": D(0)},
        {"covered": D("1.5")},  # fees of more than was executed
        {"status": "FILLED"},  # not all of it
        {"qty": D(0), "cum": D(0), "quote_cum": D(0), "covered": D(0)},
        {"cid": "another"},
        {"fees": (("BTC",),)},
        {"fees": (("BTC", D(-1)),)},
        {"fees": (("", D(1)),)},
    ],
)
async def test_an_order_that_contradicts_itself_is_none(changed: dict[str, Any]) -> None:
    told = replace(BUY, **changed)
    assert (await connected(order=told).look(Watch(BTC, orders=("e",)))).failed == {"e"}
    assert isinstance(await connected(place=Accepted(told)).place(NEW), Unknown)


@pytest.mark.parametrize(
    "told", [replace(BUY, side="sell"), replace(BUY, qty=D(4)), LIST, replace(BUY, cid="other")], ids=str
)
async def test_the_reply_to_an_order_tells_of_that_order(told: Any) -> None:
    for method in ("place", "replace"):
        assert isinstance(await WRITES[method](connected(**{method: Accepted(told)})), Unknown)


@pytest.mark.parametrize("told", [BUY, replace(ENDED, cid="x"), LIST, ENDED_LIST])
async def test_the_reply_to_a_cancel_tells_how_the_order_ended(told: Any) -> None:
    assert isinstance(await connected(cancel=Accepted(told)).cancel(BTC, "e"), Unknown)


async def test_a_cancel_may_tell_of_the_list_or_of_nothing() -> None:
    for told in (Accepted(ENDED_LIST), Accepted()):
        assert await connected(cancel=told).cancel(BTC, "s") is told


async def test_a_list_has_the_orders_that_were_asked_for() -> None:
    for told in (replace(LIST, cid="x"), replace(LIST, target=replace(TARGET, cid="x")), ENDED):
        assert isinstance(await connected(place_list=Accepted(told)).place_list(NEW_LIST), Unknown)
    other = replace(LIST, stop=replace(STOP, qty=D(4)), target=replace(TARGET, qty=D(4)))
    assert isinstance(await connected(place_list=Accepted(other)).place_list(NEW_LIST), Unknown)


async def test_what_others_have_in_the_account_is_let_through() -> None:
    strange: Any = "TRAILING_STOP_MARKET"
    orders = (
        replace(BUY, cid="", type=strange, created_at=0, updated_at=0),
        replace(BUY, cid="web_1", status="EXPIRED", qty=D(0), cum=D(0), quote_cum=D(0), fees=(), covered=D(0)),
    )
    assert (await connected(open_orders=orders, orders=orders).look(WATCH)).complete


@pytest.mark.parametrize("fault", [TypeError("no"), KeyError("orderId"), AssertionError()])
async def test_whatever_an_adapter_raises_kills_nobody(fault: Exception, caplog: pytest.LogCaptureFixture) -> None:
    link = connected(**dict.fromkeys(ANSWERS, fault) | {"filters": FILTERS})
    assert len((await link.look(WATCH)).failed) == len(PARTS) + 2
    for write in WRITES.values():
        assert isinstance(await write(link), Unknown)
    faults = [record for record in caplog.records if record.levelno == logging.ERROR]
    assert faults
    assert all(record.exc_info for record in faults)


@pytest.mark.parametrize(
    "refusal",
    [
        ReadRefused("no", venue_code=1, retry_after=-1),
        ReadRefused("no", venue_code=1, retry_after=10**12),
        ReadRefused("no", venue_code=1, retry_after="5"),  # type: ignore[arg-type]  # as an adapter may
        Unreachable("\ud800"),
    ],
)
async def test_a_misshapen_refusal_of_a_read_is_an_answer_that_cannot_be_read(refusal: Exception) -> None:
    link = connected(ticker=refusal)
    with pytest.raises(GarbledAnswer):
        await link.ticker(BTC)
    assert link.governor.pause == 0


async def test_the_same_complaint_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    link = connected(ticker=replace(TICKER, last=D(0)))
    calls: Any = link._calls._calls
    for last in (D(0), D(0), D(100), D(0)):
        calls.answers["ticker"] = replace(TICKER, last=last)
        await link.look(Watch(BTC, parts=frozenset({"price"})))
    told = [record.getMessage() for record in caplog.records]
    assert told == 2 * [
        "telling, ticker: the answer cannot be read: the exchange reported Decimal('0') as the last price"
    ]


@pytest.mark.parametrize("used", [None, "1", -1, 1.5, D("NaN"), True])
async def test_a_misshapen_count_of_weight_counts_nothing(used: Any) -> None:
    calls: Any = Telling()
    calls.used = used
    link = VenueConnection(calls, StillClock(), governor=Governor(100, asyncio.get_running_loop().time))
    await link.ticker(BTC)
    assert link.governor.used == 2


async def test_one_symbol_that_cannot_be_read_of_all_is_read_by_itself() -> None:
    told = {BTC: (replace(BUY, cum=D("NaN")),), ETH: (STOP,)}
    link = connected(open_everywhere=MappingProxyType(told), open_orders=(BUY,))
    assert (await link.open_everywhere()).known == {ETH: (STOP,)}
    view = await link.look(Watch(BTC, parts=frozenset({"open_orders"}), max_age=60_000))
    assert view.open_orders == (BUY,)


EVENTS: tuple[VenueEvent, ...] = (OrderChanged(BTC), PricesChanged({BTC: TICKER, ETH: TICKER}), StreamAlive())
SPOILED = [(event, path) for event in EVENTS for path in places(event)]


def heard(event: Any) -> list[VenueEvent]:
    calls: Any = Telling()
    told = list[VenueEvent]()
    CheckedCalls(calls)._hear(told.append, event)
    return told


@pytest.mark.parametrize(("event", "path"), SPOILED, ids=[f"{type(x).__name__}-{path}" for x, path in SPOILED])
def test_a_misshapen_event_is_not_heard_and_hides_no_other_price(event: VenueEvent, path: Path) -> None:
    assert heard(event) == [event]
    rest = {symbol: TICKER for symbol in (BTC, ETH) if symbol not in path}
    for garbage in garbage_for(event, path):
        told = heard(spoiled(event, path, garbage))
        assert told == ([PricesChanged(rest)] if len(path) > 1 else []), garbage


def test_an_adapter_does_not_say_that_its_stream_is_lost() -> None:
    assert heard(StreamLost()) == []

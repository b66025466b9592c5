"""P9: from a price to the soft stops and targets of many positions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from itertools import cycle
from typing import Any

from bench.row import Figure, Row, Run, at_least, at_most
from bench.subject.prices import (
    BINANCE,
    Desk,
    Intent,
    Leg,
    LifecycleLoop,
    Links,
    PriceTicker,
    PriceWatch,
    Records,
    SortableIds,
    Surroundings,
    SystemClock,
    Trade,
    TradeBook,
    TradingSnapshot,
)
from bench.timing import OWN_CPU, interleaved, times_as_fast, times_the_cost

PAIR = "BTCUSDT"
MANY, FEW = 1_000, 10
TOUCHED = (1, 10, 100)
QTY, ENTRY_PX = Decimal("0.01"), Decimal(60_000)
STEP = Decimal("0.01")  # between the levels of two positions


def measure(run: Run) -> Iterator[Figure]:
    many, few = _held(MANY), _held(FEW)
    _demand_equal(many)
    calls = {
        "many": _ticking(many, 0),
        "few": _ticking(few, 0),
        "a plain loop": _looping(many),
        "ten of few": _ticking(few, FEW),
    }
    calls |= {f"{touched} touched": _ticking(many, touched) for touched in TOUCHED}
    found = interleaved(calls, clock=OWN_CPU)
    yield times_as_fast("nothing touched, against a plain loop", found["many"], found["a plain loop"], at_least(50.0))
    yield times_the_cost("nothing touched, of 1000 against of 10", found["many"], found["few"], at_most(1.2))
    yield times_the_cost("10 touched, of 1000 against of 10", found["10 touched"], found["ten of few"], at_most(1.2))
    yield times_the_cost("100 touched against 10", found["100 touched"], found["10 touched"], at_most(10.0))
    yield times_as_fast("1 touched, against a plain loop", found["1 touched"], found["a plain loop"])


def _held(count: int) -> list[Trade]:
    """Positions without an exit at the exchange; their stops lie one below the other, and so do their targets."""
    return [_position(number) for number in range(count)]


def _position(number: int) -> Trade:
    sl, tp = ENTRY_PX * Decimal("0.98") - number * STEP, ENTRY_PX * Decimal("1.04") + number * STEP
    levels: dict[str, Any] = {"qty": QTY, "sl": sl, "tp": tp}
    intent = Intent(
        f"t{number:04}", "market", PAIR, "buy", px=ENTRY_PX, ttl_at=0, created_at=0, instance="aB3d", **levels
    )
    filled: dict[str, Any] = {"cum": QTY, "covered": QTY, "quote": QTY * ENTRY_PX}
    bought = Leg("e", "E", 1, "FILLED", sent_at=0, horizon_at=0, **levels, **filled)
    return Trade(intent, sl, tp, (bought,), label="UNPROTECTED")


def _tickers(trades: Sequence[Trade], touched: int) -> tuple[PriceTicker, PriceTicker]:
    """Two prices, so that each is another one, that reach the stops of so many positions."""
    px = trades[touched - 1].sl if touched else ENTRY_PX
    return PriceTicker(px, px + STEP, px, 1), PriceTicker(px, px + STEP, px + STEP, 1)


def _ticking(trades: Sequence[Trade], touched: int) -> Callable[[], object]:
    watch = _watching(trades)
    prices = cycle([{PAIR: ticker} for ticker in _tickers(trades, touched)])
    return lambda: watch.pushed(next(prices))


def _looping(trades: Sequence[Trade]) -> Callable[[], object]:
    tickers = cycle(_tickers(trades, 0))

    def loop() -> list[str]:
        ticker = next(tickers)
        return plain(trades, ticker.bid, ticker.ask)

    return loop


def plain(trades: Sequence[Trade], bid: Decimal, ask: Decimal) -> list[str]:
    """The ids of the positions of which the price has reached a level."""
    return [trade.intent.id for trade in trades if bid <= trade.sl or ask >= trade.tp]


def _watching(trades: Sequence[Trade]) -> PriceWatch:
    """The part of the actor that is told the prices, with the real book and loop, and nobody to talk to."""
    nothing: Any = None
    desk = Desk(
        links=Links(clock=SystemClock(), ids=SortableIds(), ask=nothing, tell=_ignore, pipe=nothing),
        book=TradeBook(BINANCE),
        exchange=nothing,
        records=Records(journal=nothing, commands=nothing, history=nothing, entry_counts=nothing, control=nothing),
        rules=BINANCE,
        instance="aB3d",
        snapshot=TradingSnapshot,
        show=_silent,
    )
    for trade in trades:
        desk.book.resume(trade)
    around = Surroundings(_open, _ignore, checked=_ignore, ended=nothing, learned=nothing)
    return PriceWatch(desk, LifecycleLoop(desk, around))


def _ignore(*told: object) -> None:
    """Nobody is told."""


def _silent() -> None:
    """Nothing is published."""


def _open(pair: str) -> str:
    """Nothing bars an entry."""
    return ""


def _demand_equal(trades: Sequence[Trade]) -> None:
    """Both find the same."""
    positions = _watching(trades).book.positions
    for touched in (0, *TOUCHED):
        ticker = _tickers(trades, touched)[0]
        found = sorted(positions.reached(PAIR, ticker))
        if found != sorted(plain(trades, ticker.bid, ticker.ask)) or len(found) != touched:
            raise AssertionError(f"a price that reaches {touched} positions has reached {len(found)}")


ROW = Row(
    "P9",
    what="price tick -> soft stops and soft targets of 1000 open positions of a symbol",
    anchor="a plain Python loop over the same decimal levels",
    target=">= 50x; a tick that touches k positions costs O(k): <= 1.2x for a hundred times as many, <= 10x for ten k",
    note="From the event to the positions that are due, without what is published of it. The watchdog, who sees that"
    " nobody has looked at a position for long, is no matter of prices.",
    measure=measure,
)

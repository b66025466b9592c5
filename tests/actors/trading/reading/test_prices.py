"""Prices watched apart from orders: who asks how often, what is marked, and which trades a price wakes."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest

from opentrader.actors.runtime.outcome import Done, Failed
from opentrader.actors.trading.reading.prices import MARK_SECONDS, SOFT_SECONDS, PricesRead, PriceWatch
from opentrader.domain.trading.exchange import PriceTicker
from opentrader.errors import ExchangeError
from tests.domain.trading.lifecycle.given import BOUGHT, INTENT, NOW, leg, trade
from tests.fakes.desk import desk

LISTED, SINGLE, BARE = (trade(BOUGHT, *legs) for legs in ((leg("L", "OPEN"),), (leg("S", "OPEN"),), ()))


def priced(last: str) -> PriceTicker:
    px = Decimal(last)
    return PriceTicker(px, px, px, NOW)


class Loop(list[str]):
    def hurry(self, *trades: Any) -> None:
        self.extend(each.intent.id for each in trades)


class Exchange(list[Any]):
    async def prices(self, symbols: Any) -> None:
        """Nobody awaits it here."""


def watching(*trades: Any) -> tuple[PriceWatch, list[Any], Loop]:
    asked, loop = list[Any](), Loop()

    def pipe(coro: Any, **how: Any) -> None:
        coro.close()
        asked.append(how["then"])

    watch = PriceWatch(desk(pipe=pipe, exchange=Exchange()), loop)  # type: ignore[arg-type]  # as much of a loop as it uses
    for number, each in enumerate(trades):
        watch.book.resume(replace(each, intent=replace(INTENT, id=f"t{number}")))
    return watch, asked, loop


@pytest.mark.parametrize(("told", "pause"), [(LISTED, MARK_SECONDS), (SINGLE, SOFT_SECONDS)])
def test_a_soft_level_asks_for_the_price_more_often(told: Any, pause: float) -> None:
    watch, asked, _ = watching(told)
    for at in (100.0, 100.0 + pause / 2, 100.0 + pause):
        watch.tick(at)
        watch._under_way = False
    assert asked == [PricesRead, PricesRead]


def test_one_call_is_in_flight_and_none_where_nothing_is_held() -> None:
    watch, asked, _ = watching(SINGLE)
    watch.tick(100.0)
    watch.tick(200.0)
    assert len(asked) == 1
    watch.learn(PricesRead(Failed(ExchangeError("down"))))
    watch.tick(300.0)
    assert len(asked) == 2
    empty, asked, _ = watching()
    empty.tick(100.0)
    assert asked == []


def test_a_price_marks_its_symbol_and_wakes_whom_it_breaks() -> None:
    watch, _, loop = watching(LISTED, BARE)
    watch.learn(PricesRead(Done({"BTCUSDT": priced("89")})))
    assert watch.book.marks == {"BTCUSDT": Decimal(89)}
    assert loop == ["t1"]


def test_a_price_that_is_pushed_counts_like_one_that_was_asked_for() -> None:
    watch, asked, loop = watching(LISTED, BARE)
    watch.pushed({"BTCUSDT": priced("89")})
    assert watch.book.marks == {"BTCUSDT": Decimal(89)}
    assert loop == ["t1"]
    watch.tick(watch.links.clock.steady() + MARK_SECONDS / 2)
    assert asked == []


@pytest.mark.parametrize("end", ["silent", "lost"])
def test_what_is_not_pushed_any_more_is_asked_for_at_once(end: str) -> None:
    watch, asked, _ = watching(BARE)
    at = watch.links.clock.steady()
    watch.tick(at - 0.1)
    watch._under_way = False
    watch.pushed({"BTCUSDT": priced("100")})
    if end == "lost":
        watch.lost()
        watch.tick(at + 0.25)
    else:
        watch.tick(at + MARK_SECONDS)
    assert len(asked) == 2


def test_an_old_price_that_is_pushed_late_or_again_says_nothing() -> None:
    watch, _, loop = watching(BARE)
    watch.pushed({"BTCUSDT": replace(priced("100"), at=NOW + 2)})
    watch.pushed({"BTCUSDT": replace(priced("89"), at=NOW + 1)})
    assert watch.book.marks == {"BTCUSDT": Decimal(100)}
    assert loop == []
    watch.learn(PricesRead(Done({"BTCUSDT": priced("89")})))  # what was asked for counts, whatever its time
    watch.pushed({"BTCUSDT": replace(priced("91"), at=NOW + 1)})
    assert watch.book.marks == {"BTCUSDT": Decimal(91)}


def test_it_shows_what_has_changed_and_only_that() -> None:
    watch, _, _ = watching(LISTED)
    shown = list[Decimal]()
    watch._show = lambda: shown.append(watch.book.marks["BTCUSDT"])
    for last in ("100", "100", "101"):
        watch.pushed({"BTCUSDT": priced(last)})
    assert shown == [100, 101]

"""The ledger outlives the process: what was answered is there after a kill, and time has gone on."""

from __future__ import annotations

import asyncio
import os
import stat
import threading
from contextlib import closing
from decimal import Decimal
from pathlib import Path
from typing import Any

import apsw
import pytest
from apsw import Connection

from opentrader.domain.trading.venue import Accepted
from opentrader.errors import ConfigError
from opentrader.exchange.paper.ledger.ledger import Ledger, load, looked_at, totals
from opentrader.exchange.paper.ledger.records import LedgerRecords
from opentrader.exchange.paper.ledger.starting_balance import parse_balance
from opentrader.exchange.paper.matching.book import Depth
from opentrader.store.sqlite.connection import WAL_BYTES
from tests.process import lines_until_killed

D = Decimal


async def test_a_reopened_exchange_is_the_same(opening: Any, tmp_path: Path) -> None:
    scene = await opening()
    await scene.place("buy", "MARKET", 1)
    made = await scene.protect(5, 95, 110)
    scene.minute(100, 104, 97, 103)
    before = await everything(scene)
    scene.exchange.close()
    again = await opening()
    again.clock.now_ms, again.tape.candles_of = scene.clock.now_ms, scene.tape.candles_of
    assert await everything(again) == before
    assert (await again.order_list(made)).executing


async def everything(scene: Any) -> tuple[Any, ...]:
    exchange = scene.exchange
    return (
        await exchange.orders("BTCUSDT", 0),
        await exchange.fills("BTCUSDT", 0),
        await exchange.open_lists(),
        await exchange.balances(),
        await exchange.filters("BTCUSDT"),
    )


async def test_a_list_is_filled_while_nobody_looks(opening: Any) -> None:
    scene = await opening()
    made = await scene.protect(5, 95, 110)
    scene.exchange.close()
    scene.jump(99, 104)
    scene.minute(104, 111, 103, 108)
    scene.jump(90, 80)
    again = await opening()
    again.clock.now_ms, again.tape.candles_of = scene.clock.now_ms, scene.tape.candles_of
    done = await again.order_list(made)
    assert (done.executing, done.target.status, done.target.quote_cum) == (False, "FILLED", 550)
    [fill] = await again.exchange.fills("BTCUSDT", 0)
    assert fill.at < scene.clock.now_ms - 120_000  # when the price was there, not when somebody looked


async def test_the_first_balance_is_given_once(opening: Any) -> None:
    scene = await opening(balance="USDT=10000,BTC=0.5")
    await scene.place("sell", "MARKET", "0.5")
    scene.exchange.close()
    again = await opening(balance="USDT=77,ETH=3")
    held = await again.exchange.balances()
    assert {asset: balance.total for asset, balance in held.items()} == {"USDT": 10_050, "BTC": 0}


async def test_money_may_come_and_go_beside_all_orders(scene: Any) -> None:
    await scene.transfer("BTC", D("-0.3"))
    await scene.transfer("ETH", D(2))
    balances = await scene.exchange.balances()
    assert (balances["BTC"].free, balances["ETH"].free) == (D("9.7"), 2)


async def test_an_order_by_hand_is_an_order_like_any_other(scene: Any) -> None:
    made = await scene.protect(5, 95, 110)
    await scene.exchange.cancel("BTCUSDT", made.stop.cid)
    await scene.place("sell", "MARKET", 10, cid="web_1")
    assert (await scene.exchange.orders("BTCUSDT", 0))[-1].cid == "web_1"
    assert await scene.free("BTC") == 0


async def test_only_its_owner_may_read_it(opening: Any, tmp_path: Path) -> None:
    scene = await opening()
    await scene.place("buy", "MARKET", 1)
    modes = {name: stat.S_IMODE((tmp_path / name).stat().st_mode) for name in os.listdir(tmp_path)}
    assert modes == dict.fromkeys(("paper.db", "paper.db-wal", "paper.db-shm"), 0o600)


async def test_a_file_of_somebody_else_is_left_alone(opening: Any, tmp_path: Path) -> None:
    (tmp_path / "paper.db").write_bytes(b"these are my notes, and no database" * 100)
    with pytest.raises(ConfigError):
        await opening()
    assert (tmp_path / "paper.db").read_bytes().startswith(b"these are my notes")


async def test_what_a_request_has_changed_is_undone_when_it_fails(scene: Any, tmp_path: Path) -> None:
    await scene.place("buy", "LIMIT", 1, 90)
    ledger = scene.exchange._session.ledger
    before = ledger.read(everything_stored)

    def failing(entry: Any, account: Any) -> None:
        entry.place(scene.new("buy", "MARKET", 1))
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await scene.exchange._session.serve(scene.clock.now_ms, "BTCUSDT", failing)
    assert ledger.read(everything_stored) == before


def everything_stored(connection: Any) -> list[tuple[Any, ...]]:
    tables = ("looked", "transfers", "totals", "rules", "orders", "lists", "trades")
    return [tuple(connection.execute(f"SELECT * FROM {table}")) for table in tables]


# --- a killed process ------------------------------------------------------------------------------------------

TRADE_FOR_EVER = """
import asyncio, sys
from decimal import Decimal
from pathlib import Path
from opentrader.domain.trading.exchange import ListLeg, NewList, NewOrder
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.feed.simulated import SimulatedFeed
from tests.fakes.clock import StillClock

async def trade(clock):
    exchange = await PaperExchange.open(
        Path(sys.argv[1]), SimulatedFeed(), clock, balance={"USDT": Decimal(1_000_000)}
    )
    filters = await exchange.filters("BTCUSDT")
    number = 0
    while True:
        number += 1
        clock.now_ms += 600_000
        last = (await exchange.ticker("BTCUSDT")).last
        bought = await exchange.place(NewOrder(f"b{number}", "BTCUSDT", "buy", "MARKET", Decimal("0.01"), clock.now_ms))
        print("order", bought.report.ex_id, flush=True)
        stop = ListLeg(f"s{number}", "STOP_LOSS", None, filters.price(last * Decimal("0.995")))
        target = ListLeg(f"t{number}", "LIMIT_MAKER", filters.price(last * Decimal("1.005")))
        qty = filters.floor(Decimal("0.00999"))
        made = await exchange.place_list(NewList(f"l{number}", "BTCUSDT", "sell", qty, target, stop, clock.now_ms))
        if hasattr(made, "report"):
            print("list", made.report.ex_id, flush=True)

asyncio.run(trade(StillClock(1_600_000_000_000)))
"""
ANSWERS_BEFORE_THE_KILL = 60


def test_a_killed_process_loses_no_answered_order(tmp_path: Path) -> None:
    answers = [line.split() for line in lines_until_killed(TRADE_FOR_EVER, tmp_path, ANSWERS_BEFORE_THE_KILL)]
    ledger = Ledger.open(tmp_path)  # checks the file, too
    tables = dict(
        zip(
            ("looked", "transfers", "totals", "rules", "orders", "lists", "trades"),
            ledger.read(everything_stored),
            strict=True,
        )
    )
    kept = {("order", str(row[0])) for row in tables["orders"]} | {("list", str(row[0])) for row in tables["lists"]}
    assert {tuple(answer) for answer in answers} <= kept
    amounts = ledger.read(totals)
    assert amounts == booked(tables["transfers"], tables["trades"])
    assert ledger.read(looked_at) > 0
    assert ledger.read(load).balances()["BTC"].free >= 0
    ledger.close()


def booked(transfers: Any, trades: Any) -> dict[str, Decimal]:
    """The totals that follow from money moved and trades made, and from nothing else."""
    amounts: dict[str, Decimal] = {}

    def add(asset: str, amount: Decimal) -> None:
        amounts[asset] = amounts.get(asset, D(0)) + amount

    for _, asset, amount, _ in transfers:
        add(asset, D(amount))
    for _, _, _, base, quote, side, qty, px, fee, fee_asset, _, _ in trades:
        sign = 1 if side == "buy" else -1
        add(base, sign * D(qty))
        add(quote, -sign * D(qty) * D(px))
        add(fee_asset, -D(fee))
    return amounts


async def test_calls_at_the_same_time_are_served_one_by_one(scene: Any) -> None:
    outcomes = await asyncio.gather(*(scene.send("sell", "MARKET", 1) for _ in range(12)))
    assert [type(one).__name__ for one in outcomes] == ["Accepted"] * 10 + ["Refused"] * 2


THIN = Depth(D(0), D("0.01"), level_notional=D(90), levels=5)


async def test_a_reader_that_gives_up_does_not_make_time_pass_twice(opening: Any) -> None:
    scene = await opening(depth=THIN)
    order = await scene.place("buy", "LIMIT", 5, 90)
    scene.minute(95, 95, 90, 95)
    released = threading.Event()
    ahead = asyncio.create_task(scene.exchange._session.ledger.write(lambda connection: released.wait()))
    first = asyncio.create_task(scene.order(order))
    for _ in range(20):  # until it waits for the ledger
        await asyncio.sleep(0)
    first.cancel()
    scene.minute(95, 95, 90, 95)
    second = asyncio.create_task(scene.order(order))
    for _ in range(20):
        await asyncio.sleep(0)
    released.set()
    assert (await second).cum == 2  # once for each minute
    await ahead


async def test_a_clock_that_is_put_back_does_not_make_time_pass_twice(opening: Any) -> None:
    scene = await opening(depth=THIN)
    order = await scene.place("buy", "LIMIT", 5, 90)
    scene.minute(95, 95, 90, 95)
    assert (await scene.order(order)).cum == 1
    scene.clock.now_ms -= 60_000
    later = await scene.place("buy", "LIMIT", 1, 50)
    assert later.created_at == scene.clock.now_ms + 60_000
    scene.clock.now_ms += 60_001
    assert (await scene.order(order)).cum == 1


async def test_symbols_are_kept_apart(opening: Any) -> None:
    scene = await opening(prices={"BTCUSDT": 100.0, "ETHUSDT": 10.0})
    one = await scene.place("buy", "LIMIT", 1, 90, cid="same")
    other = await scene.place("buy", "LIMIT", 1, 9, cid="same", symbol="ETHUSDT")
    await scene.place("buy", "MARKET", 1, symbol="ETHUSDT")
    assert await scene.exchange.open_orders("BTCUSDT") == (one,)
    assert await scene.exchange.open_orders("ETHUSDT") == (other,)
    assert await scene.exchange.open_everywhere() == {"BTCUSDT": (one,), "ETHUSDT": (other,)}
    assert await scene.exchange.fills("BTCUSDT", 0) == ()
    assert len(await scene.exchange.orders("ETHUSDT", 0)) == 2
    scene.minute(10, 10, 9, 9, "ETHUSDT")
    assert (await scene.exchange.order("ETHUSDT", "same")).status == "FILLED"
    assert (await scene.exchange.order("BTCUSDT", "same")).status == "OPEN"


async def test_history_begins_where_one_asks(scene: Any) -> None:
    await scene.place("buy", "MARKET", 1)
    scene.jump(100)
    since = scene.clock.now_ms
    second = await scene.place("buy", "MARKET", 2)
    assert [one.cid for one in await scene.exchange.orders("BTCUSDT", since)] == [second.cid]
    assert [fill.qty for fill in await scene.exchange.fills("BTCUSDT", since)] == [2]


async def test_a_slow_request_does_not_turn_time_back(opening: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = await opening(depth=THIN)
    order = await scene.place("buy", "LIMIT", 5, 90)
    session, released = scene.exchange._session, asyncio.Event()
    last = session._prices.last

    async def slow_last(symbol: str, at: int) -> Any:
        await released.wait()
        return await last(symbol, at)

    monkeypatch.setattr(session._prices, "last", slow_last)
    slow = asyncio.create_task(scene.send("buy", "LIMIT", 1, 50))
    await asyncio.sleep(0)
    scene.minute(95, 95, 90, 95)
    reader = asyncio.create_task(scene.order(order))
    for _ in range(20):
        await asyncio.sleep(0)
    await session.ledger.write(lambda connection: None)  # behind whatever the reader has written
    released.set()
    assert isinstance(await slow, Accepted)
    assert [(await reader).cum, (await scene.order(order)).cum] == [1, 1]


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("USDT=10000", {"USDT": D(10_000)}),
        ("USDT=10000, BTC=0.5", {"USDT": D(10_000), "BTC": D("0.5")}),
        ("USDT=0", {"USDT": D(0)}),
    ],
)
def test_balances_as_they_are_written(text: str, amounts: dict[str, Decimal]) -> None:
    assert parse_balance(text) == amounts


@pytest.mark.parametrize(
    "text",
    ["", "USDT", "USDT=", "USDT=-1", "USDT=1e5", "USDT=nan", "usdt=1", "USDT=1,USDT=2", "USDT=1;BTC=2", "USDT=1,"],
)
def test_balances_that_are_none(text: str) -> None:
    with pytest.raises(ConfigError):
        parse_balance(text)


def test_its_log_is_allocated_for_a_disk_that_fills(tmp_path: Path) -> None:
    ledger = Ledger.open(tmp_path)
    assert (tmp_path / "paper.db-wal").stat().st_size == WAL_BYTES
    ledger.close()


async def test_a_request_and_a_look_read_no_orders_that_have_ended(opening: Any, tmp_path: Path) -> None:
    scene = await opening()
    await scene.protect(5, 95, 110)
    scene.exchange.close()
    with closing(Connection(str(tmp_path / "paper.db"))) as connection:
        asked = list[str]()
        connection.trace_v2(apsw.SQLITE_TRACE_STMT, lambda event: asked.append(event["sql"]))
        load(connection)
        LedgerRecords(connection, None).open_orders()
        LedgerRecords(connection, None).open_orders("BTCUSDT")
        LedgerRecords(connection, None).balances()
        connection.trace_v2(0, None)
        plans = {sql: plan(connection, sql) for sql in asked if sql.startswith("SELECT")}
    assert len(plans) > 5
    assert [sql for sql, steps in plans.items() if "SCAN orders" in steps] == []


def plan(connection: Connection, sql: str) -> list[str]:
    return [row[3] for row in connection.execute(f"EXPLAIN QUERY PLAN {sql}", ("BTCUSDT",) * sql.count("?"))]

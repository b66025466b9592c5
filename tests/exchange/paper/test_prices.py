"""Where prices come from, and that it does not matter how often one looks."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from opentrader.domain.trading.venue import Accepted, Order
from opentrader.exchange.paper.matching.price_path import decimal, first_touch, moves
from opentrader.exchange.paper.paper import PaperExchange
from opentrader.exchange.paper.prices import CandlePrices, MinutePrices, prices_of
from opentrader.feed.files import FileFeed
from opentrader.feed.simulated import SimulatedFeed
from tests.fakes.clock import StillClock

D = Decimal
MINUTE, QUARTER, HOUR = 60_000, 900_000, 3_600_000
AT = 1_600_002_000_000  # a whole hour
NEVER = np.empty((0, 6))


def record(folder: Path, symbol: str, timeframe: str, step: int, rows: list[tuple[float, ...]]) -> None:
    lines = [",".join(map(str, (AT + number * step, *row, 1.0))) for number, row in enumerate(rows)]
    (folder / f"{symbol}-{timeframe}.csv").write_text("\n".join(lines))


async def test_the_simulated_market_is_followed_minute_by_minute() -> None:
    feed = SimulatedFeed()
    prices = prices_of(feed)
    assert isinstance(prices, MinutePrices)
    path = await prices.path("BTCUSDT", AT, AT + 3 * 86_400_000 + 30_000)
    assert path.step == MINUTE
    assert path.rows.tolist() == feed.minutes("BTCUSDT", AT, AT + 3 * 86_400_000).tolist()
    assert await prices.last("BTCUSDT", AT + MINUTE) == decimal(path.rows[0, 4])
    assert await prices.last("BTCUSDT", AT + 2 * MINUTE - 1) == decimal(path.rows[0, 4])


async def test_the_last_price_of_a_minute_is_worked_out_once(monkeypatch: pytest.MonkeyPatch) -> None:
    feed, asked = SimulatedFeed(), list[str]()
    draw = feed.minutes

    def counted(pair: str, start_ms: int, end_ms: int) -> Any:
        asked.append(pair)
        return draw(pair, start_ms, end_ms)

    monkeypatch.setattr(feed, "minutes", counted)
    prices = MinutePrices(feed)
    seen = [await prices.last(pair, AT + at) for at in (0, 1, MINUTE - 1, MINUTE) for pair in ("BTCUSDT", "ETHUSDT")]
    assert asked == ["BTCUSDT", "ETHUSDT"] * 2
    assert seen[:2] == seen[2:4] == seen[4:6] != seen[6:]


async def test_a_price_that_comes_late_is_known_within_its_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = SimulatedFeed()
    prices = MinutePrices(feed)
    with monkeypatch.context() as early:
        early.setattr(feed, "minutes", lambda pair, start_ms, end_ms: NEVER)
        assert await prices.last("BTCUSDT", AT) is None
    assert await prices.last("BTCUSDT", AT + 1) is not None


async def test_its_history_begins_somewhere() -> None:
    prices = prices_of(SimulatedFeed())
    assert await prices.last("BTCUSDT", 0) is None
    assert len((await prices.path("BTCUSDT", 0, QUARTER)).rows) == 0


async def test_recorded_candles_are_followed_at_the_finest_there_are(tmp_path: Path) -> None:
    record(tmp_path, "BTCUSDT", "15m", QUARTER, [(100, 101, 99, 100)] * 4)
    record(tmp_path, "ETHUSDT", "1h", HOUR, [(10, 11, 9, 10)] * 3)
    prices = prices_of(FileFeed(tmp_path))
    assert isinstance(prices, CandlePrices)
    path = await prices.path("BTCUSDT", AT + QUARTER, AT + 3 * QUARTER + 1)
    assert (path.step, path.rows[:, 0].tolist()) == (QUARTER, [AT + QUARTER, AT + 2 * QUARTER])
    coarse = await prices.path("ETHUSDT", AT, AT + 2 * HOUR - 1)
    assert (coarse.step, coarse.rows[:, 0].tolist()) == (HOUR, [AT])
    assert await prices.last("ETHUSDT", AT + HOUR - 1) is None


async def test_a_candle_counts_once_it_is_over() -> None:
    class Forming:
        source = "venue"

        def listings(self) -> dict[str, Any]:
            return {}

        async def candles(self, pair: str, timeframe: str, *, limit: int, now_ms: int) -> Any:
            return np.array([[AT, 1.0, 2.0, 0.5, 1.5, 1.0], [AT + QUARTER, 9.0, 9.0, 9.0, 9.0, 1.0]])

    prices = prices_of(Forming())
    path = await prices.path("BTCUSDT", AT, AT + QUARTER + 1)
    assert path.rows[:, 0].tolist() == [AT]
    assert await prices.last("BTCUSDT", AT + QUARTER + 1) == D("1.5")


async def test_after_the_last_candle_prices_stand_still(tmp_path: Path, opening: Any) -> None:
    record(tmp_path, "BTCUSDT", "15m", QUARTER, [(100, 101, 99, 100), (100, 120, 80, 105)])
    prices = prices_of(FileFeed(tmp_path))
    for at in (AT + 2 * QUARTER, AT + 365 * 86_400_000):
        assert await prices.last("BTCUSDT", at) == 105
    assert len((await prices.path("BTCUSDT", AT + 2 * QUARTER, AT + 30 * QUARTER)).rows) == 0


async def test_orders_rest_in_a_market_without_further_candles(tmp_path: Path) -> None:
    record(tmp_path, "BTCUSDT", "1h", HOUR, [(100, 101, 99, 100)])
    clock = StillClock(AT + HOUR)
    exchange = await PaperExchange.open(tmp_path, FileFeed(tmp_path), clock, balance={"BTC": D(1)})
    await placed(exchange, clock, "s", "STOP_LOSS", stop=95)
    clock.now_ms += 100 * 86_400_000
    assert (await exchange.order("BTCUSDT", "s")).status == "OPEN"
    assert (await placed(exchange, clock, "m", "MARKET")).status == "FILLED"
    exchange.close()


async def test_a_recorded_stop_is_reached(tmp_path: Path) -> None:
    record(tmp_path, "BTCUSDT", "1h", HOUR, [(100, 101, 99, 100), (100, 100, 94, 99), (99, 99, 99, 99)])
    clock = StillClock(AT + HOUR)
    exchange = await PaperExchange.open(tmp_path, FileFeed(tmp_path), clock, balance={"BTC": D(1)})
    order = await placed(exchange, clock, "s", "STOP_LOSS", stop=95)
    clock.now_ms = AT + 2 * HOUR - 1
    assert (await exchange.order("BTCUSDT", "s")).status == "OPEN"
    clock.now_ms += 1
    assert (await exchange.order("BTCUSDT", "s")).status == "FILLED"
    assert order.status == "OPEN"
    exchange.close()


async def placed(
    exchange: Any, clock: StillClock, cid: str, kind: str, *, stop: object = None, px: object = None
) -> Order:
    from opentrader.domain.trading.exchange import NewOrder

    px, stop = (None if one is None else D(str(one)) for one in (px, stop))
    qty = D("0.1")
    outcome = await exchange.place(NewOrder(cid, "BTCUSDT", "sell", kind, qty, clock.now_ms, px, stop))  # type: ignore[arg-type]  # `kind` is one of the literals
    assert isinstance(outcome, Accepted), outcome
    assert isinstance(outcome.report, Order)
    return outcome.report


LOOKS = st.lists(st.integers(1, 2 * 1_440), max_size=30)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LOOKS)
async def test_looking_often_changes_nothing(tmp_path_factory: Any, looks: list[int]) -> None:
    often = await sold(tmp_path_factory.mktemp("often"), sorted(looks))
    assert often == await sold(tmp_path_factory.mktemp("once"), [])


async def sold(folder: Path, looks: list[int]) -> Any:
    """The end of two days of the simulated market with orders at many levels, looked at at some minutes."""
    clock = StillClock(AT)
    exchange = await PaperExchange.open(folder, SimulatedFeed(), clock, balance={"BTC": D(2), "ETH": D(2)})
    last = (await exchange.ticker("BTCUSDT")).last
    for number in range(1, 5):
        level = round(last * (1 - D(number) / 200), 2)
        await placed(exchange, clock, f"s{number}", "STOP_LOSS", stop=level)
        await placed(exchange, clock, f"t{number}", "LIMIT", px=round(last * (1 + D(number) / 200), 2))
    for minute in looks:
        clock.now_ms = AT + minute * MINUTE + 777
        await exchange.balances()
    clock.now_ms = AT + 2 * 86_400_000
    end = (await exchange.orders("BTCUSDT", 0), await exchange.fills("BTCUSDT", 0), await exchange.balances())
    assert end[1], "some of them must trade"
    exchange.close()
    return end


async def test_a_long_pause_goes_by_in_pieces(tmp_path: Path) -> None:
    clock = StillClock(AT)
    exchange = await PaperExchange.open(tmp_path, SimulatedFeed(), clock, balance={"BTC": D(2)})
    minutes = SimulatedFeed().minutes("BTCUSDT", AT, AT + 30 * 86_400_000)
    low = float(minutes[: 20 * 1_440, 3].min())
    assert minutes[20 * 1_440 :, 3].min() < low, "a new low after twenty days, as this market has it"
    await placed(exchange, clock, "s", "STOP_LOSS", stop=round(low - 0.01, 2))
    clock.now_ms += 30 * 86_400_000
    done = await exchange.order("BTCUSDT", "s")
    assert done.status == "FILLED"
    assert done.updated_at > AT + 20 * 86_400_000
    exchange.close()


def test_a_candle_is_a_jump_and_three_slides() -> None:
    candle = np.array([AT, 100.0, 103.0, 98.0, 101.0, 1.0])
    low_first = moves(candle, MINUTE, high_first=False)
    assert [(move.start, move.end) for move in low_first] == [(None, 100), (100, 98), (98, 103), (103, 101)]
    high_first = moves(candle, MINUTE, high_first=True)
    assert [move.end for move in high_first] == [100, 103, 98, 101]
    assert [move.at - AT for move in low_first] == [0, 20_000, 40_000, 59_999]


def test_without_orders_no_candle_is_of_interest() -> None:
    assert first_touch(np.array([[AT, 1.0, 2.0, 0.5, 1.0, 1.0]]), []) is None
    assert first_touch(NEVER, []) is None


@pytest.mark.parametrize("price", [0.1, 62_000.01, 1e-8, 1e22, 123_456.789])
def test_prices_mean_their_decimals(price: float) -> None:
    assert float(decimal(price)) == price
    assert len(decimal(price).as_tuple().digits) <= 17

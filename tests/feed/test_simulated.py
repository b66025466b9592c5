"""The simulated market: one path, whichever way it is asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.analysis.candles import clean
from opentrader.domain.symbols import Listing
from opentrader.domain.timeframes import TF_MS, TIMEFRAMES, Timeframe, open_time
from opentrader.errors import SymbolNotFound
from opentrader.feed import price_path
from opentrader.feed.coins import KNOWN
from opentrader.feed.minutes import minutes_of
from opentrader.feed.noise import Floats
from opentrader.feed.price_path import CoinMarket
from opentrader.feed.simulated import HISTORY_START_MS, SimulatedFeed
from tests.feed.candles import later, made_up_listings

MINUTE = 60_000
DAY = TF_MS["1d"]
WEEK = TF_MS["1w"]
NOW = int(datetime(2024, 5, 16, 13, 47, 12, tzinfo=UTC).timestamp() * 1000)  # a Thursday
TF = st.sampled_from(TIMEFRAMES)
INSTANT = st.integers(HISTORY_START_MS - WEEK, HISTORY_START_MS + 800 * WEEK)


def asked(feed: SimulatedFeed, pair: str, timeframe: Timeframe, limit: int, now_ms: int) -> np.ndarray:
    return asyncio.run(feed.candles(pair, timeframe, limit=limit, now_ms=now_ms))


def aggregate(rows: np.ndarray, opened_ms: float) -> list[float]:
    return [opened_ms, rows[0, 1], rows[:, 2].max(), rows[:, 3].min(), rows[-1, 4], rows[:, 5].sum()]


def assert_sane(rows: np.ndarray, step: int) -> None:
    ts, opened, high, low, close, volume = rows.T
    assert (np.diff(ts) == step).all()
    assert (high >= np.maximum(opened, close)).all()
    assert (low <= np.minimum(opened, close)).all()
    assert (low > 0).all()
    assert (volume >= 0).all()
    assert (opened[1:] == close[:-1]).all()


def test_history_begins_on_a_monday() -> None:
    start = datetime.fromtimestamp(HISTORY_START_MS / 1000, UTC)
    assert (start.weekday(), start.hour, start.minute) == (0, 0, 0)
    assert all(open_time(HISTORY_START_MS, timeframe) == HISTORY_START_MS for timeframe in TIMEFRAMES)


def test_a_request_answers_limit_closed_candles_and_the_forming_one() -> None:
    for timeframe in TIMEFRAMES:
        rows = asked(SimulatedFeed(), "BTCUSDT", timeframe, 500, NOW)
        assert rows.shape == (501, 6)
        assert rows[-1, 0] == open_time(NOW, timeframe)
        assert_sane(rows, TF_MS[timeframe])
        assert len(clean(rows, timeframe, NOW)) == 500


def test_a_candle_that_ends_now_is_closed() -> None:
    at = open_time(NOW, "4h")
    rows = asked(SimulatedFeed(), "ETHUSDT", "4h", 3, at)
    assert rows[-2, 0] == at - TF_MS["4h"]
    opened = rows[-1, 1]
    assert rows[-1].tolist() == [at, opened, opened, opened, opened, 0.0]
    assert opened == rows[-2, 4]


def test_a_fresh_feed_and_a_used_one_agree() -> None:
    used = SimulatedFeed(5)
    for timeframe in TIMEFRAMES:
        asked(used, "SOLUSDT", timeframe, 700, NOW - 3 * DAY)
    for timeframe in reversed(TIMEFRAMES):
        fresh = asked(SimulatedFeed(5), "SOLUSDT", timeframe, 500, NOW)
        assert np.array_equal(asked(used, "SOLUSDT", timeframe, 500, NOW), fresh)


@given(st.lists(st.tuples(TF, st.integers(1, 120), st.integers(-400, 400)), min_size=2, max_size=5))
def test_the_order_of_requests_changes_nothing(requests: list[tuple[Timeframe, int, int]]) -> None:
    used = SimulatedFeed()
    for timeframe, limit, hours in requests:
        now = NOW + hours * TF_MS["1h"]
        fresh = asked(SimulatedFeed(), "XRPUSDT", timeframe, limit, now)
        assert np.array_equal(asked(used, "XRPUSDT", timeframe, limit, now), fresh)


@given(st.integers(0, 900), st.integers(1, 400), st.sampled_from(["15m", "1h", "4h", "1d"]))
def test_a_window_may_be_split_anywhere(start: int, count: int, timeframe: Timeframe) -> None:
    feed, step = SimulatedFeed(), TF_MS[timeframe]
    first = HISTORY_START_MS + 300 * WEEK + start * step
    last = first + count * step
    middle = first + count // 3 * step
    whole = feed.window("ADAUSDT", timeframe, first, last)
    parts = [feed.window("ADAUSDT", timeframe, *ends) for ends in ((first, middle), (middle, last))]
    assert len(whole) == count
    assert np.array_equal(np.vstack(parts), whole)


@pytest.mark.parametrize("pair", ["BTCUSDT", "DOGEUSDT", "ATOMUSDT"])
def test_every_candle_is_the_exact_aggregate_of_its_minutes(pair: str) -> None:
    feed = SimulatedFeed()
    first = open_time(NOW - 3 * WEEK, "1w")
    minutes = feed.minutes(pair, first, first + 2 * WEEK)
    assert_sane(minutes, MINUTE)
    for timeframe in TIMEFRAMES:
        rows = feed.window(pair, timeframe, first, first + 2 * WEEK)
        size = TF_MS[timeframe] // MINUTE
        parts = minutes.reshape(len(rows), size, 6)
        expected = [aggregate(part, part[0, 0]) for part in parts]
        assert np.array_equal(rows, expected)


@given(INSTANT)
def test_minutes_of_any_stretch_are_those_of_a_longer_one(at: int) -> None:
    feed = SimulatedFeed()
    some = feed.minutes("BNBUSDT", at, at + 37 * MINUTE)
    more = feed.minutes("BNBUSDT", at - 50 * MINUTE, at + 100 * MINUTE)
    assert np.array_equal(more[np.isin(more[:, 0], some[:, 0])], some)
    assert (some[:, 0] >= max(at, HISTORY_START_MS)).all()


def test_a_quarter_hour_is_drawn_once_however_often_a_venue_asks(monkeypatch: pytest.MonkeyPatch) -> None:
    feed = SimulatedFeed()
    drawn: list[int] = []

    def counted(market: CoinMarket, first: int, atoms: Floats) -> Floats:
        drawn.append(first)
        return minutes_of(market, first, atoms)

    monkeypatch.setattr("opentrader.feed.simulated.minutes_of", counted)
    quarter = 1_714_219_200_000
    for minute in (0, 3, 14, 3):
        feed.minutes("BTCUSDT", quarter + minute * MINUTE, quarter + (minute + 1) * MINUTE)
    feed.minutes("ETHUSDT", quarter, quarter + MINUTE)
    assert len(drawn) == 2


@given(TF, st.integers(0, 2 * WEEK // MINUTE))
def test_the_forming_candle_holds_the_minutes_that_are_over(timeframe: Timeframe, minute: int) -> None:
    feed = SimulatedFeed()
    now = NOW + minute * MINUTE
    last = asked(feed, "BTCUSDT", timeframe, 2, now)[-1]
    opened = open_time(now, timeframe)
    minutes = feed.minutes("BTCUSDT", opened, now // MINUTE * MINUTE)
    if len(minutes):
        assert last.tolist() == aggregate(minutes, opened)
    else:
        assert last[5] == 0
        assert last[1] == last[4]


@given(TF, st.integers(1, 90 * DAY))
def test_a_later_now_never_changes_a_closed_candle(timeframe: Timeframe, later: int) -> None:
    feed = SimulatedFeed()
    before = asked(feed, "AVAXUSDT", timeframe, 50, NOW)[:-1]
    after = asked(feed, "AVAXUSDT", timeframe, 50 + later // TF_MS[timeframe] + 1, NOW + later)[:-1]
    assert np.array_equal(after[np.isin(after[:, 0], before[:, 0])], before)


@given(INSTANT, TF, st.integers(0, 60))
def test_there_is_no_candle_before_the_history(now: int, timeframe: Timeframe, limit: int) -> None:
    rows = asked(SimulatedFeed(), "BTCUSDT", timeframe, limit, now)
    past = (open_time(now, timeframe) - HISTORY_START_MS) // TF_MS[timeframe]
    assert len(rows) == (0 if past < 0 else min(limit, past) + 1)
    if len(rows):
        assert rows[0, 0] >= HISTORY_START_MS
        assert_sane(rows, TF_MS[timeframe])


def test_the_history_is_long_enough_for_every_timeframe() -> None:
    for timeframe in TIMEFRAMES:
        assert len(asked(SimulatedFeed(), "BTCUSDT", timeframe, 500, NOW)) == 501


@given(st.integers(-600, 600))
def test_a_shift_moves_the_times_and_nothing_else(weeks: int) -> None:
    shift = weeks * WEEK
    moved, still = SimulatedFeed(shift_ms=shift), SimulatedFeed()
    expected = later(asked(still, "BTCUSDT", "4h", 30, NOW), shift)
    assert np.array_equal(asked(moved, "BTCUSDT", "4h", 30, NOW + shift), expected)
    day, moved_day = (NOW - DAY, NOW), (NOW - DAY + shift, NOW + shift)
    expected = later(still.minutes("BTCUSDT", *day), shift)
    assert np.array_equal(moved.minutes("BTCUSDT", *moved_day), expected)
    expected = later(still.window("BTCUSDT", "1h", *day), shift)
    assert np.array_equal(moved.window("BTCUSDT", "1h", *moved_day), expected)


def test_seeds_and_coins_have_paths_of_their_own() -> None:
    def closes(seed: int, pair: str) -> np.ndarray:
        return np.log(asked(SimulatedFeed(seed), pair, "4h", 300, NOW)[:, 4])

    first = np.diff(closes(1, "ETHUSDT"))
    for seed, pair in ((2, "ETHUSDT"), (1, "SOLUSDT")):
        assert abs(np.corrcoef(first, np.diff(closes(seed, pair)))[0, 1]) < 0.9
    assert np.corrcoef(first, np.diff(closes(1, "SOLUSDT")))[0, 1] > 0.1  # coins of one market move together


def test_prices_hover_about_those_of_the_real_coins_on_their_tick() -> None:
    feed = SimulatedFeed()
    for base, coin in KNOWN.items():
        close = feed.window(base + "USDT", "1d", NOW - 1500 * DAY, NOW)[:, 4]
        assert coin.level / 12 < close.min() <= np.median(close) < close.max() < coin.level * 12
        ticks = close * 10.0**coin.decimals
        assert np.allclose(ticks, np.rint(ticks), atol=1e-4)
        assert [float(f"{price:.{coin.decimals}f}") for price in close] == close.tolist()


def test_a_market_has_fat_tails_and_calm_and_wild_days() -> None:
    hours = SimulatedFeed().window("BTCUSDT", "1h", NOW - 600 * DAY, NOW)
    moves = np.diff(np.log(hours[:, 4]))
    assert np.mean(((moves - moves.mean()) / moves.std()) ** 4) > 4  # a normal distribution has 3
    days = np.abs(moves[: len(moves) // 24 * 24]).reshape(-1, 24).mean(axis=1)
    assert np.corrcoef(days[:-1], days[1:])[0, 1] > 0.2  # volatility clusters
    assert np.corrcoef(np.abs(moves), hours[1:, 5])[0, 1] > 0.2  # volume comes with movement


def test_listings_hold_the_default_coins_and_any_others_asked_for() -> None:
    for base in ("BTC", "ETH", "BNB", "SOL", "XRP", "ADA", "DOGE", "AVAX"):
        assert SimulatedFeed().listings()[f"{base}USDT"] == Listing(base, "USDT")
    feed = SimulatedFeed(listings=[*made_up_listings(500), Listing("BTC", "EUR")])
    assert len(feed.listings()) == 501
    for pair in ("SIM0001USDT", "SIM0500USDT", "BTCEUR"):
        assert feed.listings()[pair].pair == pair
        assert_sane(asked(feed, pair, "4h", 100, NOW), TF_MS["4h"])
    with pytest.raises(SymbolNotFound, match="ETHUSDT"):
        asked(feed, "ETHUSDT", "4h", 100, NOW)


def test_made_up_coins_have_prices_of_a_market() -> None:
    feed = SimulatedFeed(listings=made_up_listings(200))
    closes = [feed.window(pair, "1d", NOW - 2 * DAY, NOW)[-1, 4] for pair in feed.listings()]
    assert 0.01 < min(closes) < max(closes) < 10_000
    assert len(set(closes)) > 190


async def test_a_long_request_lets_others_run() -> None:
    feed, turns = SimulatedFeed(), 0

    async def other() -> None:
        nonlocal turns
        while True:
            turns += 1
            await asyncio.sleep(0)

    task = asyncio.create_task(other())
    await feed.candles("BTCUSDT", "1w", limit=500, now_ms=NOW)
    task.cancel()
    assert turns > 50


async def test_what_a_caller_does_with_an_answer_stays_with_the_caller() -> None:
    feed = SimulatedFeed()
    rows = await feed.candles("BTCUSDT", "4h", limit=10, now_ms=NOW)
    rows[:] = 0
    assert (await feed.candles("BTCUSDT", "4h", limit=10, now_ms=NOW))[:, 1].min() > 0


@pytest.mark.parametrize("name", ["BTC", "DOGE"])
def test_the_parts_of_a_block_do_not_depend_on_the_block(name: str) -> None:
    """Neighbouring blocks meet; moods and volatility are those of a longer stretch of the same indices."""
    market = price_path.market(3, name, KNOWN[name])
    for number in (468, 479, 480, 495):
        left, right = price_path.block(market, number), price_path.block(market, number + 1)
        assert left[3, -1] == right[0, 0]
        index = np.arange(number * price_path.BLOCK, (number + 2) * price_path.BLOCK)
        for of in (price_path.moods, price_path.liveliness):
            whole = of(market, index)
            assert np.array_equal(whole[1000:3000], of(market, index[1000:3000]))
            assert np.array_equal(whole[5000:], of(market, index[5000:]))

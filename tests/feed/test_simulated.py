"""The simulated market: one path, whichever way it is asked."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from opentrader.domain.analysis.candles import clean
from opentrader.domain.timeframes import TF_MS, TIMEFRAMES, Timeframe, open_time
from opentrader.feed.coins import KNOWN
from opentrader.feed.simulated import HISTORY_START_MS, SimulatedFeed
from tests.feed.given.candles import later
from tests.feed.given.simulated import DAY, INSTANT, MINUTE, NOW, WEEK, aggregate, asked, assert_sane

TF = st.sampled_from(TIMEFRAMES)


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

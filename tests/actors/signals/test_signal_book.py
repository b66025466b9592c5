"""The SignalBook: one signal a pair, decided once, durable, and never doubled."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from opentrader.actors.messages import (
    CleanUpSignals,
    ConfirmSignal,
    EmitSignal,
    PendingText,
    PostSignal,
    RejectSignal,
    SignalOf,
    SignalRows,
)
from opentrader.actors.signals.signal_book import SignalLimits
from opentrader.domain.signals import SignalRecord
from opentrader.domain.timeframes import TF_MS
from opentrader.errors import SignalExpired, SignalNotFound, SignalNotPending, StorageError
from tests.fakes.clock import StillClock
from tests.waiting import until

BAR = TF_MS["4h"]


def signal(**changes: Any) -> PostSignal:
    return PostSignal(**{"symbol": "SOLUSDT", "direction": "buy", "bot": "mr", "price": 150.0, **changes})


def emitted(bar: int, **changes: Any) -> EmitSignal:
    return EmitSignal(signal(**changes), {"ev": 31.5, "confidence": 9, "gate_ok": True}, bar * BAR, BAR)


async def test_a_posted_signal_is_pending_and_says_only_what_was_posted(books):
    posted = await books.ask(signal(checklist={"rsi": True}, passed=5, total=7))
    assert (posted.status, posted.symbol) == ("telegram_failed", "SOLUSDT")
    kept = books.view(SignalOf("SOLUSDT"))
    assert (kept.status, kept.price, kept.passed, kept.total, kept.rsi) == ("pending", 150.0, 5, 7, None)
    assert kept.expires_at - kept.created_at == 300
    assert not kept.notified


async def test_the_same_signal_again_is_a_duplicate_and_changes_nothing(books):
    await books.ask(signal())
    again = await books.ask(signal(price=999.0))
    assert again.status == "duplicate_skipped"
    assert again.signal.price == 150.0 == books.view(SignalOf("SOLUSDT")).price


async def test_another_bot_or_direction_replaces_it(books):
    await books.ask(signal())
    assert (await books.ask(signal(bot="other"))).status == "telegram_failed"
    assert books.view(SignalOf("SOLUSDT")).bot == "other"
    assert books.view(SignalRows()).count == 1


async def test_k24_a_signal_that_was_seen_expired_stays_so_while_the_clock_is_set_back(books):
    await books.ask(signal())
    books.clock.now += 4000
    books.clock.set_back = 3900
    assert [row.status for row in books.view(SignalRows()).signals] == ["expired"]
    with pytest.raises(SignalExpired):
        await books.ask(ConfirmSignal("SOLUSDT"))
    assert books.view(PendingText()) == "No pending signals.\n"


async def set_back_over_a_restart(books):
    """A signal expires, and is seen to be; the clock is then behind, and the daemon starts again."""
    await books.ask(signal())
    books.clock.now += 300
    assert [row.status for row in books.view(SignalRows()).signals] == ["expired"]
    await until(lambda: all(record.lapsed_at for record in books.supervisor.snapshot("signal_book").values()))
    books.clock.now -= 250
    await books.restart()
    return [row.status for row in books.view(SignalRows()).signals]


async def test_k24_a_signal_that_was_seen_expired_stays_so_over_a_restart(books):
    assert await set_back_over_a_restart(books) == ["expired"]
    assert (await books.ask(CleanUpSignals(0))).expired == (
        "SOLUSDT",
    )  # by the clock: to a cleanup it is a pending one


async def test_k24_it_is_found_if_nobody_notes_what_has_expired(books, monkeypatch):
    noted = SignalRecord.status_at
    monkeypatch.setattr(SignalRecord, "status_at", lambda record, now: noted(replace(record, lapsed_at=None), now))
    assert await set_back_over_a_restart(books) == ["pending"]


async def test_k24_it_is_found_if_deadlines_follow_the_wall_clock(books, monkeypatch):
    monkeypatch.setattr(StillClock, "steady", StillClock.wall)
    with pytest.raises(AssertionError):
        await test_k24_a_signal_that_was_seen_expired_stays_so_while_the_clock_is_set_back(books)


async def test_k24_a_signal_from_the_future_is_over(books):
    """Posted before somebody set the clock back by an hour: how old it is, nobody can tell."""
    await books.ask(signal())
    books.clock.now -= 3600
    await books.restart()
    assert [row.status for row in books.view(SignalRows()).signals] == ["expired"]


async def test_the_position_is_looked_at_before_the_duplicate(books):
    await books.ask(signal())
    books.positions.pairs.add("SOLUSDT")
    assert (await books.ask(signal())).status == "trade_exists_skipped"
    assert (await books.ask(signal(direction="sell"))).status == "telegram_failed"
    books.positions.pairs.clear()
    assert (await books.ask(signal(direction="sell"))).status == "no_position_sell_skipped"


@pytest.mark.parametrize(("decide", "status"), [(ConfirmSignal, "consumed"), (RejectSignal, "skipped")])
async def test_a_signal_is_decided_once(books, decide, status):
    with pytest.raises(SignalNotFound):
        await books.ask(decide("SOLUSDT"))
    await books.ask(signal())
    assert (await books.ask(decide("SOLUSDT"))).status == status
    for again in (ConfirmSignal, RejectSignal):
        with pytest.raises(SignalNotPending) as refused:
            await books.ask(again("SOLUSDT"))
        assert refused.value.facts == {"signal_status": status}
    with pytest.raises(SignalNotPending):
        books.view(SignalOf("SOLUSDT"))


async def test_two_confirms_at_once_consume_it_once(books):
    await books.ask(signal())
    answers = await asyncio.gather(*(books.ask(ConfirmSignal("SOLUSDT")) for _ in range(20)), return_exceptions=True)
    assert sum(not isinstance(answer, Exception) for answer in answers) == 1
    assert sum(isinstance(answer, SignalNotPending) for answer in answers) == 19


async def test_twenty_posts_at_once_store_one(books):
    answers = await asyncio.gather(*(books.ask(signal()) for _ in range(20)))
    assert sorted(a.status for a in answers) == ["duplicate_skipped"] * 19 + ["telegram_failed"]


async def test_time_runs_out_for_everybody_at_the_same_instant(books):
    await books.ask(signal())
    books.clock.now += 299.9
    assert books.view(SignalOf("SOLUSDT")).status == "pending"
    books.clock.now += 0.1
    for late in (ConfirmSignal, RejectSignal):
        with pytest.raises(SignalExpired):
            await books.ask(late("SOLUSDT"))
    with pytest.raises(SignalExpired):
        books.view(SignalOf("SOLUSDT"))
    assert books.view(SignalRows()).signals[0].status == "expired"
    assert (await books.ask(signal())).status == "telegram_failed"


async def test_cleanup_expires_first_and_deletes_the_next_time(books):
    await books.ask(signal())
    assert (await books.ask(CleanUpSignals(60))).count_expired == 0
    first = await books.ask(CleanUpSignals(0))
    assert (first.expired, first.deleted) == (("SOLUSDT",), ())
    second = await books.ask(CleanUpSignals(0))
    assert (second.expired, second.deleted) == ((), ("SOLUSDT",))
    with pytest.raises(SignalNotFound):
        books.view(SignalOf("SOLUSDT"))


async def test_the_book_is_the_same_after_a_restart(books):
    await books.ask(signal(checklist=["a", "b"], rsi=28.1))
    await books.ask(signal(symbol="BTCUSDT"))
    await books.ask(RejectSignal("BTCUSDT"))
    before = books.view(SignalRows())
    await books.restart()
    assert books.view(SignalRows()) == before


async def test_nothing_changes_when_the_store_keeps_nothing(books, monkeypatch):
    await books.ask(signal())
    before = books.view(SignalRows())

    async def full(write: object) -> None:
        raise StorageError("the disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(books.store, "write", full)
        for change in (signal(bot="other"), ConfirmSignal("SOLUSDT"), CleanUpSignals(0), emitted(9, bot="other")):
            with pytest.raises(StorageError):
                await books.ask(change)
            assert books.view(SignalRows()) == before
    assert (await books.ask(ConfirmSignal("SOLUSDT"))).status == "consumed"


async def test_the_same_candle_never_signals_twice_also_after_a_restart(books):
    assert await books.ask(emitted(100)) == "telegram_failed"
    await books.ask(RejectSignal("SOLUSDT"))
    await books.restart()
    for bar in (100, 101, 105):
        assert await books.ask(emitted(bar)) == "cooldown"
    assert await books.ask(emitted(106)) == "telegram_failed"


async def test_a_candle_of_the_future_keeps_nobody_from_signalling_now(books):
    assert await books.ask(emitted(500)) == "telegram_failed"
    await books.ask(RejectSignal("SOLUSDT"))
    assert await books.ask(emitted(100)) == "telegram_failed"
    await books.ask(RejectSignal("SOLUSDT"))
    assert await books.ask(emitted(100)) == "cooldown"


async def test_why_a_found_setup_is_skipped_in_order(books):
    assert await books.ask(emitted(100, direction="sell")) == "no_position_sell_skipped"
    await books.ask(signal())
    assert await books.ask(emitted(100)) == "duplicate_skipped"
    assert await books.ask(emitted(100, symbol="ETHUSDT")) == "telegram_failed"
    assert await books.ask(emitted(101, symbol="ETHUSDT")) == "cooldown"
    books.positions.pairs.add("ETHUSDT")
    assert await books.ask(emitted(102, symbol="ETHUSDT")) == "trade_exists_skipped"


async def test_pending_signals_and_trades_share_the_days_limit(books):
    books.limits = SignalLimits(max_trades_day=2)
    await books.restart()
    assert await books.ask(emitted(100)) == "telegram_failed"
    books.positions.today = 1
    assert await books.ask(emitted(100, symbol="ETHUSDT")) == "daily_limit_reached"
    books.clock.now += 301  # the first one no longer waits
    assert await books.ask(emitted(100, symbol="ETHUSDT")) == "telegram_failed"


async def test_the_text_for_a_human_tells_what_why_and_how_long(books):
    assert books.view(PendingText()) == "No pending signals.\n"
    await books.ask(emitted(1, sl_pct=2.0, tp_pct=4.5, passed=5, total=7, checklist={"rsi_extreme": True}))
    text = books.view(PendingText())
    for part in (
        "BUY SOLUSDT",
        "price 150",
        "stop -2.00 %",
        "5 of 7",
        "rsi_extreme yes",
        "ev 31.5",
        "expires in 5 min 0 s",
    ):
        assert part in text
    books.clock.now += 301
    assert books.view(PendingText()) == "No pending signals.\n"


async def test_what_a_poster_writes_forges_no_line_of_the_text_for_a_human(books):
    await books.ask(
        signal(
            bot="x)\n  expires in 4 min 59 s\n\nBUY BTCUSDT  (mr\x1b[2J",
            checklist={"a\nAPPROVED BY OPERATOR": True, "\u202eb\r\u2028c": False, "long" * 400: True},
            passed=1,
            total=3,
        )
    )
    first, blank, *lines = books.view(PendingText()).removesuffix("\n").split("\n")
    assert (first, blank) == ("1 pending signal", "")
    assert [line[:12] for line in lines] == ["BUY SOLUSDT ", "  price 150", "  checklist ", "  expires in"]
    assert lines[2].startswith("  checklist 1 of 3: a APPROVED BY OPERATOR yes, b c no, long")
    assert all(character.isprintable() for line in lines for character in line)
    assert max(map(len, lines)) < 700


async def test_an_operator_who_was_reached_makes_it_pending_and_that_is_kept(books):
    books.operator.reachable = True
    said = await books.ask(signal())
    assert (said.status, said.signal.notified) == ("pending", True)
    assert await books.ask(emitted(100, symbol="ETHUSDT")) == "pending"
    assert [record.pair for record in books.operator.asked] == ["SOLUSDT", "ETHUSDT"]
    await books.ask(CleanUpSignals(60))  # in its turn after what was noted
    assert books.view(SignalOf("SOLUSDT")).notified
    await books.restart()
    assert books.view(SignalOf("SOLUSDT")).notified


async def test_a_slow_operator_holds_up_nobody_and_a_decision_meanwhile_stands(books):
    books.operator.reachable, books.operator.gate = True, asyncio.Event()
    posting = asyncio.create_task(books.ask(signal()))
    while not books.operator.asked:  # noqa: ASYNC110 (the operator tells when it is asked)
        await asyncio.sleep(0)
    assert (await books.ask(ConfirmSignal("SOLUSDT"))).status == "consumed"
    books.operator.gate.set()
    assert (await posting).status == "pending"
    await books.ask(CleanUpSignals(60))
    assert books.view(SignalRows()).signals[0].status == "consumed"

"""The telegram desk: what the operator gets to read, and what is kept of a request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import count

import pytest

from opentrader.actors.messages import (
    Notified,
    Notify,
)
from opentrader.actors.runtime.supervision.supervisor import Supervisor
from opentrader.actors.signals.operator import OperatorApprovals, OperatorChannel, RequestApproval, TellPage
from opentrader.domain.signals import SignalRecord
from opentrader.errors import TelegramError, TelegramNotConfigured
from opentrader.telegram import Silent
from tests.fakes.clock import NOW, CountedIds, StillClock

SIGNAL = SignalRecord(
    "SOLUSDT",
    "buy",
    "mr_combined",
    "pending",
    False,
    int(NOW),
    int(NOW),
    int(NOW) + 300,
    {
        "price": 100.0,
        "sl_pct": 2.0,
        "tp_pct": 4.0,
        "passed": 5,
        "total": 6,
        "checklist": {"zone": True, "rsi": False},
        "ev": 31.5,
        "confidence": 9,
        "gate_ok": True,
    },
)


class Desk:
    def __init__(self, messenger) -> None:
        self.clock, self.messenger = StillClock(), messenger
        self.nonces = map("nonce-{}".format, count(1))

    async def start(self) -> None:
        loop = asyncio.get_running_loop()
        self.supervisor = Supervisor(loop, self.clock, CountedIds(), on_fatal=lambda reason: None)
        self.supervisor.add("telegram_desk", lambda c: OperatorChannel(c, self.messenger, lambda: next(self.nonces)))
        await self.supervisor.start()
        self.approvals = OperatorApprovals(self.supervisor.ask, timeout_seconds=30)

    async def ask(self, message):
        return await self.supervisor.ask(message, timeout=30)

    @property
    def open(self):
        return self.supervisor.snapshot("telegram_desk")


@pytest.fixture
async def desk(telegram) -> AsyncIterator[Desk]:
    desk = Desk(telegram.bot(timeout_seconds=20))
    await desk.start()
    yield desk
    await desk.supervisor.stop()


@pytest.fixture
async def silent() -> AsyncIterator[Desk]:
    desk = Desk(Silent())
    await desk.start()
    yield desk
    await desk.supervisor.stop()


async def test_a_notice_says_who_speaks(desk, telegram):
    assert await desk.ask(Notify("BTC holds 64k", "scout")) == Notified(4711)
    assert await desk.ask(Notify("no name")) == Notified(4712)
    assert telegram.texts == ["[agent:scout] BTC holds 64k", "[agent] no name"]
    assert all("reply_markup" not in message and "parse_mode" not in message for message in telegram.sent)


async def test_a_notice_cannot_pass_for_an_approval_request(desk, telegram):
    await desk.ask(RequestApproval(SIGNAL))
    await desk.ask(Notify("x\n" + telegram.texts[0], "scout"))
    real, fake = telegram.sent
    headline = real["text"].splitlines()[0]
    assert headline == "APPROVAL REQUEST"
    assert not any(line.startswith(headline) for line in fake["text"].splitlines())
    assert "reply_markup" not in fake


async def test_a_page_is_told_in_one_message_with_nothing_to_click_on(desk, telegram):
    await desk.ask(TellPage("PAGE closes_fail, trade 01J: see http://evil.example\n" + "x" * 5_000))
    (text,) = telegram.texts
    assert text.startswith("PAGE closes_fail, trade 01J: see http[:]")
    assert "\n" not in text
    assert len(text) < 1_010


async def test_a_page_that_cannot_be_sent_is_logged_and_ends_nothing(silent, caplog):
    await silent.ask(TellPage("PAGE disk_full: the disk is full"))
    assert "a page was not sent" in caplog.text
    assert silent.open == {}


async def test_a_long_notice_is_sent_in_pieces(desk, telegram):
    text = "🚀" * 4096
    assert await desk.ask(Notify(text, "scout")) == Notified(4711)
    assert len(telegram.texts) == 3
    assert "".join(piece.removeprefix("[agent:scout] ") for piece in telegram.texts) == text


async def test_without_a_bot_a_notice_is_refused_and_a_request_is_not_sent(silent):
    with pytest.raises(TelegramNotConfigured):
        await silent.ask(Notify("hello"))
    assert await silent.approvals.request_approval(SIGNAL) is False
    assert silent.open == {}


async def test_what_telegram_refuses_reaches_the_asker(desk, telegram):
    telegram.answers = [(400, {"ok": False, "description": "Bad Request: chat not found"})]
    with pytest.raises(TelegramError, match="400 Bad Request: chat not found"):
        await desk.ask(Notify("hello"))
    assert await desk.ask(Notify("hello")) == Notified(4712)


async def test_a_request_says_what_is_asked(desk, telegram):
    assert await desk.approvals.request_approval(SIGNAL) is True
    assert telegram.texts[0].splitlines() == [
        "APPROVAL REQUEST",
        "BUY SOLUSDT",
        "bot: mr_combined",
        "price: 100",
        "stop: 98 (-2.00 %)",
        "target: 104 (+4.00 %)",
        "checklist: 5 of 6 - zone yes, rsi no",
        "ev: 31.5, confidence 9",
        "expires: 2024-04-27 12:05:00 UTC",
    ]


async def test_the_buttons_carry_the_nonce_of_this_very_signal(desk, telegram):
    await desk.approvals.request_approval(SIGNAL)
    ((confirm, reject),) = telegram.sent[0]["reply_markup"]["inline_keyboard"]
    assert (confirm["callback_data"], reject["callback_data"]) == ("confirm:nonce-1", "reject:nonce-1")
    kept = desk.open["SOLUSDT"]
    assert kept.nonce == "nonce-1"
    assert kept.covers(SIGNAL, NOW)


async def test_a_new_request_voids_the_one_before(desk):
    await desk.approvals.request_approval(SIGNAL)
    newer = replace(SIGNAL, body={**SIGNAL.body, "sl_pct": 3.0})
    await desk.approvals.request_approval(newer)
    (kept,) = desk.open.values()
    assert (kept.nonce, kept.covers(newer, NOW), kept.covers(SIGNAL, NOW)) == ("nonce-2", True, False)


async def test_a_request_that_was_not_sent_leaves_nothing_to_answer(desk, telegram):
    telegram.answers = [(502, b"")]
    assert await desk.approvals.request_approval(SIGNAL) is False
    assert desk.open == {}


async def test_a_request_that_failed_late_leaves_the_newer_one_alone(desk, telegram):
    telegram.release, telegram.answers = asyncio.Event(), [(502, b"")]
    first = asyncio.create_task(desk.approvals.request_approval(SIGNAL))
    await telegram.arrivals.acquire()
    second = asyncio.create_task(desk.approvals.request_approval(SIGNAL))
    await telegram.arrivals.acquire()
    telegram.release.set()
    assert (await first, await second) == (False, True)
    assert [kept.nonce for kept in desk.open.values()] == ["nonce-2"]


async def test_expired_requests_are_forgotten(desk):
    await desk.approvals.request_approval(SIGNAL)
    desk.clock.now += 300
    later = replace(SIGNAL, pair="ETHUSDT", expires_at=SIGNAL.expires_at + 300)
    await desk.approvals.request_approval(later)
    assert set(desk.open) == {"ETHUSDT"}


async def test_a_slow_telegram_holds_nobody_up(desk, telegram):
    telegram.release = asyncio.Event()
    slow = asyncio.create_task(desk.ask(Notify("slow")))
    await telegram.arrivals.acquire()
    impatient = OperatorApprovals(desk.supervisor.ask, timeout_seconds=0.05)
    assert await impatient.request_approval(SIGNAL) is False
    assert not slow.done()
    telegram.release.set()
    assert await slow == Notified(4711)

"""The bot over a real socket: what it sends, what it makes of answers, and that its token stays its own."""

from __future__ import annotations

import asyncio
import logging
import traceback

import pytest

from opentrader.domain.approvals import Button
from opentrader.errors import ConfigError, TelegramError
from opentrader.telegram import Bot
from tests.fakes.telegram import TOKEN

SECRET = "canary"  # a part of the fake's token
TOO_MANY = {
    "ok": False,
    "error_code": 429,
    "description": "Too Many Requests: retry after 117",
    "parameters": {"retry_after": 117},
}


async def refused(bot: Bot) -> TelegramError:
    with pytest.raises(TelegramError) as error:
        await bot.send("hello")
    return error.value


async def test_a_message_is_plain_text_to_the_one_chat(telegram):
    assert await telegram.bot().send("*hello* <b>you</b>") == 4711
    assert telegram.paths == [f"/bot{TOKEN}/sendMessage"]
    assert telegram.sent == [
        {"chat_id": "-100200300", "text": "*hello* <b>you</b>", "link_preview_options": {"is_disabled": True}}
    ]


async def test_buttons_stand_in_one_row(telegram):
    await telegram.bot().send("well?", (Button("Yes", "y:1"), Button("No", "n:1")))
    row = [{"text": "Yes", "callback_data": "y:1"}, {"text": "No", "callback_data": "n:1"}]
    assert telegram.sent[0]["reply_markup"] == {"inline_keyboard": [row]}


async def test_a_redirect_does_not_carry_the_token_elsewhere(telegram):
    telegram.answers = [(307, b"")]
    assert (await refused(telegram.bot())).detail == "Telegram API error: 307 without a description"
    assert len(telegram.paths) == 1


async def test_when_telegram_asks_for_silence_nobody_waits_and_nothing_is_sent(telegram):
    bot = telegram.bot()
    telegram.answers = [(429, TOO_MANY)]
    assert (await refused(bot)).detail == "Telegram API error: 429 Too Many Requests: retry after 117"
    assert (await refused(bot)).detail.startswith("Telegram API error: 429 Too Many Requests, retry in 1")
    assert len(telegram.sent) == 1


async def test_the_silence_ends(telegram, monkeypatch):
    bot, now = telegram.bot(), asyncio.get_running_loop().time()
    telegram.answers = [(429, TOO_MANY)]
    await refused(bot)
    assert bot._blocked_until - now == pytest.approx(117, abs=60)
    bot._blocked_until = now
    assert await bot.send("hello") == 4712


async def test_a_server_that_does_not_answer_is_given_up(telegram):
    telegram.release = asyncio.Event()
    error = await refused(telegram.bot(timeout_seconds=0.2))
    assert (error.detail, error.hint) == (
        "Telegram did not answer within 0.2 s",
        "The message may have been delivered.",
    )


async def test_a_server_that_is_not_there_is_an_error(telegram):
    bot = telegram.bot()
    await telegram.server.close()
    assert (await refused(bot)).detail == "Telegram could not be reached"


@pytest.mark.parametrize("fault", ["gone", "slow", "says it", "not http"])
async def test_the_token_is_in_no_text_log_or_repr(telegram, caplog, fault):
    caplog.set_level(logging.DEBUG)
    caplog.set_level(logging.ERROR, "aiohttp.access")  # the fake server's own
    bot = telegram.bot(timeout_seconds=0.2)
    if fault == "gone":
        await telegram.server.close()
    elif fault == "slow":
        telegram.release = asyncio.Event()
    elif fault == "says it":
        telegram.answers = [(404, {"ok": False, "description": f"Not Found: bot{TOKEN}"})]
    else:
        telegram.answers = [(200, b"\r\nHTTP/1.1 garbage")]
    error = await refused(bot)
    told = [repr(bot), str(error), repr(error), error.hint, str(error.facts), caplog.text]
    told += traceback.format_exception(error)
    assert SECRET not in "".join(told)
    assert error.__cause__ is None
    assert error.__context__ is None


@pytest.mark.parametrize("token", ["", "canary", "123:canary/../x", "123:canary?x=1", "123:canary\n", "x123:canary"])
def test_a_malformed_token_is_refused_without_showing_it(token):
    with pytest.raises(ConfigError) as error:
        Bot(token, "1")
    assert SECRET not in error.value.detail + error.value.hint


@pytest.mark.parametrize("url", ["http://example.com", "http://10.0.0.1", "ftp://localhost", "", "https://u:p@x.com"])
def test_the_token_is_sent_over_https_or_loopback_alone(url):
    with pytest.raises(ConfigError, match="https"):
        Bot(TOKEN, "1", url=url)


def test_the_default_is_telegrams_own_server():
    assert repr(Bot(TOKEN, "1")) == "<Bot at api.telegram.org>"

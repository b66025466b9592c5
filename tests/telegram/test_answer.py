"""What Telegram answers: an error in one line, and a silence that is not absurd."""

from __future__ import annotations

import asyncio

import pytest

from opentrader.errors import TelegramError
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


@pytest.mark.parametrize(
    ("status", "body", "told"),
    [
        (401, {"ok": False, "error_code": 401, "description": "Unauthorized"}, "401 Unauthorized"),
        (400, {"ok": False, "description": "Bad Request: chat not found"}, "400 Bad Request: chat not found"),
        (502, b"<html>Bad Gateway</html>", "502 without a description"),
        (200, b"<html>a captive portal</html>", "200 without a description"),
        (200, {"ok": True}, "200 without a description"),
        (200, {"ok": True, "result": {"message_id": "7"}}, "200 without a description"),
        (200, {"ok": True, "result": {"message_id": True}}, "200 without a description"),
        (200, {"ok": "yes", "result": {"message_id": 7}}, "200 without a description"),
        (200, [1, 2], "200 without a description"),
        (200, b"[" * 60_000, "200 without a description"),
        (
            200,
            b'{"ok": true, "result": {"message_id": 7}, "x": "' + b"x" * (1 << 20) + b'"}',
            "200 without a description",
        ),
        (302, b"", "302 without a description"),
        (400, {"description": f"no /bot{TOKEN}/ here\nnor {TOKEN}"}, "400 no /bot[redacted]/ here nor [redacted]"),
        (400, {"description": {"a": 1}, "parameters": [1]}, "400 without a description"),
    ],
)
async def test_any_other_answer_is_an_error_in_one_line(telegram, status, body, told):
    telegram.answers = [(status, body)]
    assert (await refused(telegram.bot())).detail == f"Telegram API error: {told}"


@pytest.mark.parametrize("asked", [10**12, "117", -5, None, True])
async def test_an_absurd_silence_is_not_kept(telegram, asked):
    bot, now = telegram.bot(), asyncio.get_running_loop().time()
    telegram.answers = [(429, {"ok": False, "parameters": {"retry_after": asked}})]
    await refused(bot)
    assert now < bot._blocked_until < now + 3700

"""Sends messages with the Bot API method `sendMessage` (core.telegram.org/bots/api#sendmessage)."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from typing import Any

from aiohttp import ClientError, ClientResponse, ClientSession, DummyCookieJar
from yarl import URL

from opentrader.domain.approvals import Button
from opentrader.domain.hosts import is_loopback
from opentrader.domain.time_limits import TELEGRAM_SECONDS
from opentrader.errors import ConfigError, TelegramError
from opentrader.telegram.answer import message_id_of, retry_after_of

URL_OF_TELEGRAM = "https://api.telegram.org"
_MAX_REPLY_BYTES = 1 << 16
_TOKEN = re.compile(r"\d+:[\w-]+", re.ASCII)
_MAYBE = "The message may have been delivered."


class Bot:
    """Sends plain text to one chat. Coroutines run on one loop; none takes longer than `timeout_seconds`.

    After a 429 with `retry_after`, messages are refused at once until that time is over.
    """

    def __init__(
        self, token: str, chat_id: str, *, url: str = URL_OF_TELEGRAM, timeout_seconds: float = TELEGRAM_SECONDS
    ) -> None:
        """Raises `ConfigError`, which never contains the token."""
        if not _TOKEN.fullmatch(token):
            raise ConfigError("telegram_token: should look like 123456:ABC-DEF, as issued by @BotFather")
        self._method = _base(url) / f"bot{token}" / "sendMessage"
        self._chat_id = chat_id
        self._timeout_seconds = timeout_seconds
        self._blocked_until = 0.0  # event loop time

    def __repr__(self) -> str:
        return f"<Bot at {self._method.host}>"

    async def send(self, text: str, buttons: Sequence[Button] = ()) -> int:
        """Send up to 4096 characters; returns the id of the message. Raises `TelegramError`."""
        left = self._blocked_until - asyncio.get_running_loop().time()
        if left > 0:
            raise TelegramError(f"Telegram API error: 429 Too Many Requests, retry in {left:.0f} s")
        status, body = await self._post(_message(self._chat_id, text, buttons))
        if seconds := retry_after_of(status, body):
            self._blocked_until = asyncio.get_running_loop().time() + seconds
        return message_id_of(status, body)

    async def _post(self, message: dict[str, Any]) -> tuple[int, bytes]:
        """Replaces aiohttp's errors, which can contain the URL and with it the token."""
        failure = TelegramError("Telegram could not be reached", hint=_MAYBE)
        try:
            async with asyncio.timeout(self._timeout_seconds):
                return await self._exchange(message)
        except TimeoutError:
            failure = TelegramError(f"Telegram did not answer within {self._timeout_seconds:g} s", hint=_MAYBE)
        except (ClientError, OSError, ValueError):
            pass
        raise failure  # outside the except blocks, so that the original error is not attached

    async def _exchange(self, message: dict[str, Any]) -> tuple[int, bytes]:
        async with (
            ClientSession(cookie_jar=DummyCookieJar()) as session,
            session.post(self._method, json=message, allow_redirects=False) as response,
        ):
            return response.status, await _body(response)


async def _body(response: ClientResponse) -> bytes:
    """The reply, up to a size that no real one exceeds."""
    body = bytearray()
    async for chunk in response.content.iter_any():
        body += chunk
        if len(body) > _MAX_REPLY_BYTES:
            break
    return bytes(body)


def _message(chat_id: str, text: str, buttons: Sequence[Button]) -> dict[str, Any]:
    """The JSON of a message. Without a parse mode, markup stays text."""
    message: dict[str, Any] = {"chat_id": chat_id, "text": text, "link_preview_options": {"is_disabled": True}}
    if buttons:
        row = [{"text": button.label, "callback_data": button.data} for button in buttons]
        message["reply_markup"] = {"inline_keyboard": [row]}
    return message


def _base(url: str) -> URL:
    invalid = ConfigError("telegram_url: should begin with https:// (http:// is allowed for loopback only)")
    try:
        base = URL(url)
    except ValueError:
        raise invalid from None
    host, schemes = base.host or "", ("https", "http") if is_loopback(base.host or "") else ("https",)
    if not host or base.user or base.scheme not in schemes:
        raise invalid
    return base

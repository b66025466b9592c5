"""Reads what the Bot API answers, as the word of a stranger."""

from __future__ import annotations

from typing import Any

import orjson

from opentrader.domain.plain_text import one_line
from opentrader.errors import TelegramError
from opentrader.telegram.redaction import redacted

_LONGEST_SILENCE = 3600.0  # seconds; beyond that we look again rather than believe it


def message_id_of(status: int, body: bytes) -> int:
    """The id of the message that was sent; raises `TelegramError`."""
    answer = _parsed(body)
    message_id = _dict(answer.get("result")).get("message_id")
    if status == 200 and answer.get("ok") is True and type(message_id) is int:
        return message_id
    raise TelegramError(f"Telegram API error: {_said(status, answer)}")


def silence_of(status: int, body: bytes) -> float:
    """For how many seconds the server wants to hear nothing."""
    asked = _dict(_parsed(body).get("parameters")).get("retry_after")
    if type(asked) is int and asked > 0:
        return min(float(asked), _LONGEST_SILENCE)
    return 1.0 if status == 429 else 0.0


def _said(status: int, answer: dict[str, Any]) -> str:
    """Telegram's descriptions are sentences like `Too Many Requests: retry after 5`."""
    description = answer.get("description")
    said = one_line(redacted(description), 200) if isinstance(description, str) else ""
    return f"{status} {said or 'without an explanation'}"


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        return _dict(orjson.loads(body))
    except orjson.JSONDecodeError:
        return {}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

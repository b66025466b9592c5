"""Parses the replies of the Bot API, which are untrusted input."""

from __future__ import annotations

from typing import Any

import orjson

from opentrader.domain.plain_text import one_line
from opentrader.errors import TelegramError
from opentrader.telegram.redaction import redacted

_MAX_RETRY_AFTER = 3600.0  # seconds; a longer wait is not believed


def message_id_of(status: int, body: bytes) -> int:
    """The id of the message that was sent. Raises `TelegramError`."""
    answer = _parsed(body)
    message_id = _dict(answer.get("result")).get("message_id")
    if status == 200 and answer.get("ok") is True and type(message_id) is int:
        return message_id
    raise TelegramError(f"Telegram API error: {_description(status, answer)}")


def retry_after_of(status: int, body: bytes) -> float:
    """For how many seconds the server wants no further request; 0 for none."""
    seconds = _dict(_parsed(body).get("parameters")).get("retry_after")
    if type(seconds) is int and seconds > 0:
        return min(float(seconds), _MAX_RETRY_AFTER)
    return 1.0 if status == 429 else 0.0


def _description(status: int, answer: dict[str, Any]) -> str:
    """Telegram's own text, for example `Too Many Requests: retry after 5`, behind the status."""
    description = answer.get("description")
    text = one_line(redacted(description), 200) if isinstance(description, str) else ""
    return f"{status} {text or 'without a description'}"


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        return _dict(orjson.loads(body))
    except orjson.JSONDecodeError:
        return {}


def _dict(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}

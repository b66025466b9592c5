"""Removes bot tokens from text: Telegram puts the token into the URL of every call."""

from __future__ import annotations

import re

_TOKEN = re.compile(r"(?i:(bot))?\d{3,}(?::|%3[Aa])[\w-]{20,}")


def redacted(text: str) -> str:
    """The text with everything that looks like a bot token replaced."""
    return _TOKEN.sub(r"\1[redacted]", text)

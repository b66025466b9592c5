"""Headers and bodies that many tests send, and what they read of an answer."""

from __future__ import annotations

from typing import Any

JSON = {"Content-Type": "application/json"}


IDLE = '{"status":"idle"}'


def code(response: Any) -> tuple[int, str]:
    return response.status, response.json()["code"]

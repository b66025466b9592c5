"""Parses the starting balance of a new ledger."""

from __future__ import annotations

import re
from decimal import Decimal

from opentrader.errors import ConfigError

_PART = re.compile(r"(?P<asset>[A-Z0-9]{1,20})=(?P<amount>[0-9]{1,12}(\.[0-9]{1,8})?)", re.ASCII)
_HINT = "write for example USDT=10000 or USDT=10000,BTC=0.5"


def parse_balance(text: str) -> dict[str, Decimal]:
    """`USDT=10000,BTC=0.5` as amounts by asset. Raises `ConfigError`."""
    balance: dict[str, Decimal] = {}
    for part in text.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None or match["asset"] in balance:
            raise ConfigError(f"paper balance {text!r}: {part.strip()!r} is no asset=amount of its own", hint=_HINT)
        balance[match["asset"]] = Decimal(match["amount"])
    return balance

"""The entry gate: the first reason that bars entries, in the order of the API."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from opentrader.actors.trading.entry.gate import GateState, refusal
from opentrader.domain.trading.ledger import Control, SymbolHalt
from opentrader.domain.trading.pages import Blind
from opentrader.errors import Degraded, LicenseRequired, NotReady, StorageError, TradingHalted

OPEN = GateState(
    control=Control(),
    reconciled=True,
    account_known=True,
    degraded="",
    slow=lambda: False,
    roomy=lambda: True,
    licensed=lambda: True,
)
BARS: tuple[tuple[dict[str, Any], type[Exception], str], ...] = (
    ({"control": Control(halted=True, reason="lunch")}, TradingHalted, "lunch"),
    ({"control": Control(closeall_since=7)}, TradingHalted, "closeall"),
    ({"halt": SymbolHalt("ETHUSDT", "sold too much", 7)}, TradingHalted, "ETHUSDT are halted: sold too much"),
    ({"reconciled": False}, NotReady, "not been read yet"),
    ({"account_known": False}, NotReady, "not been read yet"),
    ({"unsearched": Blind("no answer", 7)}, NotReady, "no answer"),
    ({"degraded": "banned"}, NotReady, "banned"),
    ({"slow": lambda: True}, Degraded, "slow"),
    ({"roomy": lambda: False}, StorageError, "almost full"),
    ({"licensed": lambda: False}, LicenseRequired, "license"),
)


def test_an_open_gate_says_nothing() -> None:
    assert refusal(OPEN) is None


@pytest.mark.parametrize(("change", "kind", "text"), BARS, ids=[text for _, _, text in BARS[:3]] + list("defghij"))
def test_each_reason_bars_by_itself(change: dict[str, Any], kind: type[Exception], text: str) -> None:
    told = refusal(replace(OPEN, **change))
    assert isinstance(told, kind)
    assert text in told.detail
    assert told.hint


def test_of_several_reasons_the_first_is_told_and_the_disk_is_not_even_asked() -> None:
    def unreadable() -> bool:
        raise OSError("stale file handle")

    barred = replace(OPEN, slow=unreadable, roomy=unreadable, licensed=unreadable, degraded="banned")
    told = refusal(barred)
    assert isinstance(told, NotReady)
    assert "banned" in told.detail
    with pytest.raises(OSError, match="stale"):
        refusal(replace(barred, degraded=""))

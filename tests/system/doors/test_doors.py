"""The in-process door of a running system: no message that breaks its own annotations reaches an actor.

`pytest -rP tests/system/doors` tells how many values each field refused, and which fields have no bound.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import MISSING, dataclass, fields, replace
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from opentrader import Settings, TradingSystem
from opentrader.actors import messages
from opentrader.actors.messages.validation import validated
from opentrader.actors.runtime.message import Message
from opentrader.domain.time_limits import REQUEST_SECONDS
from opentrader.errors import InvalidInput, NoPosition
from opentrader.system import trading_system
from tests.system.doors.annotations import is_bounded, outside

R = TypeVar("R")

LEAST = 50  # different values for each field
MANY = 500

# A valid value for each field that has to be given; the others have a default.
GIVEN: dict[str, Any] = {
    "symbol": "ETH",
    "direction": "buy",
    "bot": "b",
    "sl": 2.0,
    "tp": 4.0,
    "ev": 30.0,
    "confidence": 9,
    "entry_px": 2000.0,
    "sl_pct": 3.0,
    "size": 1.0,
    "sl_px": 1900.0,
    "tp_px": 2200.0,
    "email": "me@example.com",
    "name": "ops",
    "license_key": "OT-AAAA-BBBB-CCCC-DDDD",
    "id": "x",
    "status": "idle",
    "action": "rest",
    "agent": "ops",
    "message": "hello",
    "trend": "uptrend",
    "results": (),
    "outlook": {},
    "bar_ms": 0,
    "bar_length_ms": 1,
    "post": messages.PostSignal(symbol="ETH", direction="buy", bot="b"),
}
NEEDED: dict[type[Message[Any]], dict[str, Any]] = {
    messages.PlaceManual: {"rr": "1:3"},
    messages.MoveLevels: {"sl_px": 1.0},
}

# The fields whose annotation is a type and no more. They too refuse what is not of that type.
UNBOUNDED = {
    "CloseAll": {"cancel_pending", "idem_key"},
    "ClosePosition": {"idem_key"},
    "DropTrade": {"idem_key"},
    "EmitSignal": {"outlook"},
    "ExecuteTrade": {"idem_key"},
    "Halt": {"cancel_pending"},
    "MarketRows": {"stale"},
    "MoveLevels": {"idem_key"},
    "PlaceManual": {"idem_key"},
    "PostSignal": {
        "bb_lower",
        "bb_mid",
        "bb_upper",
        "checklist",
        "macd_hist",
        "range_midline",
        "range_resistance",
        "range_support",
    },
    "ReportWork": {"action", "agent"},
}


def public() -> Iterator[type[Message[Any]]]:
    """Every message of the map of the system, without its bases."""
    for kind in vars(messages).values():
        if isinstance(kind, type) and issubclass(kind, Message) and hasattr(kind, "__dataclass_fields__"):
            yield kind


KINDS = sorted(public(), key=lambda kind: kind.__name__)
FIELDS = [(kind, one.name) for kind in KINDS for one in fields(kind)]  # type: ignore[arg-type]  # each is a dataclass
EVERY_FIELD = pytest.mark.parametrize(("kind", "name"), FIELDS, ids=lambda part: getattr(part, "__name__", part))


def good(kind: type[Message[Any]]) -> Message[Any]:
    needed = {
        one.name: GIVEN[one.name]
        for one in fields(kind)  # type: ignore[arg-type]  # each is a dataclass
        if one.default is MISSING and one.default_factory is MISSING
    }
    return kind(**needed, **NEEDED.get(kind, {}))


def annotation(kind: type[Message[Any]], name: str) -> Any:
    return get_type_hints(kind, include_extras=True)[name]


class WatchedSystem(TradingSystem):
    """A system that notes what gets in."""

    def __init__(self, folder: Path) -> None:
        super().__init__(Settings(data_dir=folder, license_email="me@example.com", license_name="Me"))
        self.passed: list[Message[Any]] = []

    async def deliver(self, message: Message[R], timeout: float = REQUEST_SECONDS) -> R:
        self.passed.append(message)
        return await super().deliver(message, timeout)

    def view(self, query: messages.View[R]) -> R:
        self.passed.append(query)
        return super().view(query)


@dataclass(frozen=True)
class Door:
    """A running system on a loop of its own."""

    loop: asyncio.AbstractEventLoop
    system: WatchedSystem

    def refuses(self, message: Message[Any]) -> set[str]:
        """The fields that the door refuses; none if the message was let in, whatever an actor made of it."""
        before = len(self.system.passed)
        try:
            self.loop.run_until_complete(self.system.ask(message))
        except InvalidInput as error:
            let_in = len(self.system.passed) > before
            return set() if let_in else {str(fault.loc[0]) for fault in error.faults}
        except Exception:  # noqa: BLE001
            assert len(self.system.passed) > before
        return set()


@pytest.fixture(scope="module")
def door(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Door]:
    with asyncio.Runner() as runner:
        system = WatchedSystem(tmp_path_factory.mktemp("door"))
        runner.run(system.start())
        try:
            yield Door(runner.get_loop(), system)
        finally:
            runner.run(system.stop())


@pytest.fixture(autouse=True)
def nothing_left_running() -> None:
    """In place of the check after each test: this system runs until the last one has ended."""


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_the_rest_of_the_message_is_valid(kind: type[Message[Any]]) -> None:
    validated(good(kind))


def refused_everywhere(door: Door, kind: type[Message[Any]], name: str, examples: int, *, anew: bool) -> None:
    """Ask a message with values outside the annotation of one field; `anew`: other values in each run."""
    tried, message, before = set[str](), good(kind), len(door.system.passed)

    @settings(
        max_examples=examples,
        derandomize=not anew,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow],
    )
    @given(outside(annotation(kind, name)))
    def ask(value: Any) -> None:
        tried.add(f"{type(value).__name__} {value!r}")
        assert door.refuses(replace(message, **{name: value})) == {name}, value  # type: ignore[type-var]  # a dataclass

    ask()
    bound = "" if is_bounded(annotation(kind, name)) else ", without a bound"
    print(f"{kind.__name__}.{name}: {len(tried)} values refused{bound}")  # noqa: T201
    assert len(tried) >= LEAST
    assert door.system.passed[before:] == []


@EVERY_FIELD
def test_no_value_outside_an_annotation_passes_the_door(door: Door, kind: type[Message[Any]], name: str) -> None:
    refused_everywhere(door, kind, name, LEAST + LEAST // 2, anew=False)


@pytest.mark.slow
@EVERY_FIELD
def test_nor_do_many_more(door: Door, kind: type[Message[Any]], name: str) -> None:
    refused_everywhere(door, kind, name, MANY, anew=True)


@pytest.mark.parametrize(
    "message",
    [
        messages.ExecuteTrade("ETH", "short", bot="b", sl=2.0, tp=4.0, ev=30.0, confidence=9),
        messages.ExecuteTrade("ETH", "foo", bot="b", sl=2.0, tp=4.0, ev=30.0, confidence=9),
        messages.ExecuteTrade("ETH", "buy", bot="b", sl=2.0, tp=4.0, ev=-100.0, confidence=9),
        messages.MarketOf("ETH", mtf_tf="2h"),  # type: ignore[arg-type]  # what a caller without a type checker does
    ],
)
def test_the_mutant_that_validates_nothing_is_found(
    door: Door, message: Message[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the validation these get in; so the test above sees what it is there for."""
    assert door.refuses(message)
    monkeypatch.setattr(trading_system, "validated", lambda message: message)
    assert not door.refuses(message)


def test_a_side_in_capitals_is_the_same_side(door: Door) -> None:
    """`SELL` took the path of a buy: only the door spells a side."""
    sale = messages.ExecuteTrade("BTC", "SELL", bot="b", sl=2.0, tp=4.0, ev=30.0, confidence=9)
    with pytest.raises(NoPosition):
        door.loop.run_until_complete(door.system.ask(sale))


def test_nothing_was_done(door: Door) -> None:
    ask = door.loop.run_until_complete
    assert ask(door.system.ask(messages.PendingEntries())).count == 0
    assert ask(door.system.ask(messages.SignalRows())).count == 0
    assert not ask(door.system.ask(messages.StatusOf())).halted


def test_the_fields_without_a_bound_are_known() -> None:
    found = defaultdict[str, set[str]](set)
    for kind, name in FIELDS:
        if not is_bounded(annotation(kind, name)):
            found[kind.__name__].add(name)
    assert found == UNBOUNDED

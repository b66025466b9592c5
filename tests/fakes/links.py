"""The links of a part that is tested without its actor: time stands still, and nothing can be asked or piped."""

from __future__ import annotations

from typing import Any, NoReturn

from opentrader.actors.runtime.part import Links
from tests.fakes.clock import CountedIds, StillClock


def cut(*told: Any, **facts: Any) -> NoReturn:
    raise AssertionError(f"this part stands alone: {told} {facts}")


def links(**given: Any) -> Links:
    """The links of a part, with these in place of those that are cut."""
    plain = {"clock": StillClock(), "ids": CountedIds(), "ask": cut, "tell": cut, "pipe": cut}
    return Links(**{**plain, **given})

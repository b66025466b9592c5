"""Mutants of what stands between the rules and the venue: messages, looks, orders and commands."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import pytest

from opentrader.actors.runtime.serializer import Serializer
from opentrader.actors.trading import position_manager
from opentrader.actors.trading.entry import entries
from opentrader.actors.trading.recovery.reconciliation import Reconciled, Reconciliation
from opentrader.actors.trading.steps import CheckEntries, CheckSymbol, VenueRead
from opentrader.domain.trading.lifecycle import decide, fold, looking, reply, sizing
from opentrader.domain.trading.lifecycle.scene import Scene
from opentrader.domain.trading.looks import PARTS, Watch
from opentrader.domain.trading.venue import Refused
from opentrader.exchange import checked, connection, shapes
from opentrader.exchange.governor import Governor
from opentrader.exchange.shared import SharedReads
from opentrader.store.tables import idempotency
from tests.mutants.mutant import Collected
from tests.mutants.rigs import Runs
from tests.simulation import daemon

LOOP = Collected()
caught_by, in_test = LOOP.caught_by, LOOP.in_test
SCRIPTS, TURNS = "tests/simulation/faults/test_scripts.py", "tests/simulation/faults/test_turns.py"


@caught_by("K1", Runs("storms", "bare", first=10, hours=0.4, long=True))
def admitted(patch: pytest.MonkeyPatch) -> None:
    """What the loop tells itself is refused like a request, where four wait for a symbol."""
    for step in (CheckSymbol, CheckEntries, VenueRead):
        patch.setattr(step, "own", False)
    patch.setattr(Serializer, "__init__", _short_of_room(Serializer.__init__))


def _short_of_room(init: Any) -> Any:
    return lambda serializer, name, limit: init(serializer, name, 4)


@caught_by("K2", Runs("numbers", "fault", long=True))
def let_in(patch: pytest.MonkeyPatch) -> None:
    """The port lets in what cannot be: numbers that are none, wrong types."""
    patch.setattr(shapes, "demand", lambda holds, what, value: None)


in_test("K3", "an operator overrules nothing", f"{SCRIPTS}::test_k3_the_run_finds_it_if_nothing_is_overruled")


@caught_by("K4", Runs("thin", "order storm", first=7, long=True))
def unbounded(patch: pytest.MonkeyPatch) -> None:
    """A close that came to nothing counts for nothing, and is sent again at each poll."""
    for module in (fold, reply):
        patch.setattr(module, "came_to_nothing", lambda before, after: False)
    patch.setattr(decide, "spent", lambda scene: False)


in_test(
    "K5",
    "an entry is sent wherever the price has gone",
    f"{TURNS}::test_k5_the_run_finds_it_if_an_entry_is_sent_wherever_the_price_has_gone",
)


@caught_by("K6", Runs("kills", "repeated key"))
def unbound(patch: pytest.MonkeyPatch) -> None:
    """No key is bound in the commit that acts."""
    patch.setattr(idempotency, "bind", lambda connection, key, intent_id: "")


@caught_by("K7", Runs("slow disk", "blamed the venue", long=True))
def counted(patch: pytest.MonkeyPatch) -> None:
    """What never left, because it was committed for too long, counts as refused."""
    patch.setattr(position_manager, "LATE_MS", 1_000)
    patch.setattr(reply, "NEVER_LEFT", frozenset())


@caught_by("K9", Runs("hangs", "not looked at", long=True))
def patient(patch: pytest.MonkeyPatch) -> None:
    """No call to the exchange has a deadline."""
    patch.setattr(connection, "ANSWER_SECONDS", 1e9)


@caught_by("K9", Runs("storms", "reads pile up"))
def alone(patch: pytest.MonkeyPatch) -> None:
    """Everybody reads for himself, and as often as one may think of."""
    patch.setattr(SharedReads, "has", lambda *given, **options: False)
    patch.setattr(looking, "pause", lambda leg, settings: settings.poll if leg.live else None)


@caught_by("K9", Runs("calm", "stale account", long=True))
def unasked(patch: pytest.MonkeyPatch) -> None:
    """An entry takes the account as it was last read, however long ago."""
    patch.setattr(entries, "YOUNG_MS", 1e12)
    patch.setattr(position_manager, "stale", lambda age: "")


@caught_by("K11", Runs("delistings", "shut out", long=True))
def all_or_nothing(patch: pytest.MonkeyPatch) -> None:
    """Entries are barred everywhere while one trade could not be read."""
    finish = Reconciliation.finish

    def strict(part: Reconciliation, message: Any) -> None:
        finish(part, message)
        if part.book.unread & part.book.trades.keys():
            part.reconciled = False
            part._show()

    patch.setattr(Reconciliation, "handlers", {**Reconciliation.handlers, Reconciled: strict})


in_test("K13", "no epoch is counted", f"{SCRIPTS}::test_k13_the_run_finds_it_if_no_epoch_is_counted")
in_test(
    "K13",
    "an entry that is planned anew forgets when it was asked for",
    f"{TURNS}::test_k13_the_run_finds_it_if_an_entry_forgets_when_it_was_asked_for",
)


in_test(
    "K14",
    "nothing is decided from memory",
    "tests/simulation/figures/test_far.py::test_k14_it_is_found_if_nothing_is_decided_from_memory",
)


in_test("K15", "nothing governs", f"{SCRIPTS}::test_k15_the_run_finds_it_if_nothing_governs")


@caught_by("K15", Runs("limits", "weight"))
def everything(patch: pytest.MonkeyPatch) -> None:
    """Every poll reads all there is, for each trade, and nothing holds it back."""
    patch.setattr(daemon, "Governor", lambda limit, now: Governor(0, now))
    watch = looking.watch

    def whole(*given: Any, **options: Any) -> Watch:
        return replace(watch(*given, **options), parts=PARTS, max_age=0)

    patch.setattr(sys.modules["opentrader.domain.trading.lifecycle.tick"], "watch", whole)
    patch.setattr(looking, "pause", lambda leg, settings: settings.poll if leg.live else None)


in_test(
    "K25",
    "fills count beyond the quantity that was read of their order",
    "tests/domain/trading/lifecycle/test_reports.py::test_k25_it_is_found_if_all_fills_count",
)
in_test(
    "K26",
    "a handler looks up what was not read",
    "tests/actors/trading/test_trailing.py::test_k26_it_is_found_if_nobody_asks_whether_it_was_read",
)


in_test(
    "K27",
    "each answer of a chain is handed on within the next",
    "tests/actors/runtime/test_reply.py::test_k27_it_is_found_if_each_answer_is_handed_on_within_the_next",
)


in_test(
    "stream",
    "prices are not polled after the stream was lost",
    "tests/actors/trading/reading/test_stream.py::test_it_is_found_if_prices_are_not_polled_where_the_stream_is_lost",
)


# --- those that survived the suite of an earlier state


in_test(
    "survivor, K20",
    "other trades of the base are ignored",
    f"{TURNS}::test_k20_the_run_finds_it_if_other_trades_of_the_base_are_ignored",
)


@caught_by("survivor", Runs("stuck disk", "sent late", long=True))
def unguarded(patch: pytest.MonkeyPatch) -> None:
    """An order is sent however long ago it was committed."""
    patch.setattr(position_manager, "LATE_MS", 10**9)


@caught_by("survivor", Runs("raises", "bare", long=True))
def trusting(patch: pytest.MonkeyPatch) -> None:
    """An exception of the adapter after the write counts as a refusal."""
    patch.setattr(checked, "Unknown", lambda text: Refused("other", text=text))


in_test(
    "survivor",
    "the entry gate is not asked before the socket",
    "tests/simulation/faults/test_disk.py::test_the_run_finds_it_if_the_gate_is_not_asked_before_the_socket",
)


@caught_by("survivor", Runs("no coins", "oversold", long=True))
def greedy(patch: pytest.MonkeyPatch) -> None:
    """A sale takes all that is free where the user had nothing at the entry."""
    size = sizing.size

    def all_free(scene: Scene) -> Any:
        sized = size(scene)
        if sized.qty is None or scene.trade.base_at_entry:
            return sized
        return replace(sized, qty=scene.view.filters.floor(scene.free))

    patch.setattr(decide, "size", all_free)

"""Mutants of the disk, of the money, and of what is rebuilt, refused or told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from opentrader.domain.trading import profit
from opentrader.domain.trading.ledger import ClosedTrade
from opentrader.domain.trading.venue import ZERO, Fill
from opentrader.exchange.paper import reports
from tests.mutants.mutant import Collected
from tests.mutants.rigs import Runs
from tests.simulation.disk import SimulatedDisk

STORE = Collected()
caught_by, in_test = STORE.caught_by, STORE.in_test
DISK, KEYS = "tests/simulation/faults/test_disk.py", "tests/simulation/faults/test_keys.py"
MONEY, LEVELS = "tests/simulation/faults/test_money.py", "tests/actors/trading/entry/test_levels.py"
ARCHIVES, SIGNALS = "tests/store/test_archive.py", "tests/actors/signals/test_signal_book.py"


@caught_by("survivor, K8", Runs("full disk", "exit refused"))
def kept(patch: pytest.MonkeyPatch) -> None:
    """The reserve is never released."""
    patch.setattr(SimulatedDisk, "release", lambda disk: False)


def told(patch: pytest.MonkeyPatch, wrong: Callable[[Fill], Fill]) -> None:
    patch.setattr(reports, "Fill", lambda **facts: wrong(Fill(**facts)))


@caught_by("K10", Runs("fees", "money"))
def one_fee(patch: pytest.MonkeyPatch) -> None:
    """The exchange tells the fees of sales wrongly."""
    told(patch, lambda fill: replace(fill, fee=fill.fee + Decimal("1e-8")) if fill.side == "sell" else fill)


@caught_by("K10", Runs("fees", "money"))
def one_rate(patch: pytest.MonkeyPatch) -> None:
    """The exchange tells the prices of fees wrongly."""
    told(patch, lambda fill: replace(fill, rate=fill.rate + Decimal("0.1")) if fill.rate else fill)


@caught_by("K10", Runs("fees", "money"))
def one_fill(patch: pytest.MonkeyPatch) -> None:
    """The exchange tells of fills of no order."""
    told(patch, lambda fill: replace(fill, order_ex_id="0") if fill.side == "sell" else fill)


@caught_by("K10", Runs("late fills", "money"))
def free_bnb(patch: pytest.MonkeyPatch) -> None:
    """Fees in BNB cost nothing."""
    patch.setattr(profit, "_cost", lambda fill, filters: fill.fee if fill.fee_asset == filters.quote else ZERO)


@caught_by("K10", Runs("late fills", "money"))
def unpriced(patch: pytest.MonkeyPatch) -> None:
    """A fee of unknown price costs nothing."""
    patch.setattr(profit, "_is_priced", lambda fill, filters: True)


@caught_by("K10", Runs("late fills", "money"))
def forgotten(patch: pytest.MonkeyPatch) -> None:
    """One fill of each order is forgotten."""
    patch.setattr(profit, "_notional", lambda fills: sum((fill.qty * fill.px for fill in list(fills)[1:]), ZERO))


@caught_by("K10", Runs("late fills", "money"))
def booked_once(patch: pytest.MonkeyPatch) -> None:
    """No row is booked again."""
    patch.setattr(ClosedTrade, "provisional", False)


in_test(
    "K10",
    "coins that are left over are worth something",
    f"{MONEY}::test_k10_the_run_finds_it_if_what_is_left_over_is_worth_something",
)
in_test(
    "K12",
    "the deaths of several actors add up",
    "tests/actors/runtime/supervision/test_restarts.py::test_k12_it_is_found_if_the_deaths_of_several_actors_add_up",
)
in_test(
    "K12",
    "the port lets candles in that are none",
    "tests/actors/test_faults.py::test_k12_it_is_found_if_the_port_lets_bad_candles_in",
)
in_test("K17", "no stop is measured", f"{LEVELS}::test_k17_the_mutant_that_measures_no_stop_is_found")
in_test("K17", "the size is that of the wish", f"{LEVELS}::test_k17_the_mutant_that_sizes_by_the_wish_is_found")
in_test(
    "K18",
    "the stop that rests counts as the first",
    "tests/domain/trading/lifecycle/test_rebuild.py::test_k18_it_is_found_if_the_stop_that_rests_counts_as_the_first",
)
in_test(
    "K19",
    "the whole history is read at the start",
    "tests/store/tables/test_history.py::test_k19_it_is_found_if_the_whole_history_is_read",
)
in_test("K19", "events go without a file", f"{ARCHIVES}::test_k19_it_is_found_if_events_go_without_a_file")
in_test("K21", "no filter is asked", f"{LEVELS}::test_k21_the_mutant_that_asks_no_filter_is_found")
in_test("K22", "a mere look releases the reserve", f"{DISK}::test_k22_the_run_finds_it_if_a_mere_look_releases_it")
in_test(
    "K22",
    "the reserve is not released at a start, nor made again, or serves agents",
    "tests/store/test_full_disk.py::test_it_is_seen_if",
)
in_test(
    "K23",
    "each close counts as a failure",
    f"{KEYS}::test_k23_the_run_finds_it_if_each_close_counts_as_a_failure",
)
in_test("K24", "nobody notes what has expired", f"{SIGNALS}::test_k24_it_is_found_if_nobody_notes_what_has_expired")
in_test("K24", "deadlines follow the wall clock", f"{SIGNALS}::test_k24_it_is_found_if_deadlines_follow_the_wall_clock")

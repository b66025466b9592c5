"""Two runs beside each other."""

from __future__ import annotations

from collections.abc import Callable

from bench.comparison import changes
from bench.document import Document
from bench.row import at_most

Make = Callable[..., Document]


def test_a_figure_that_got_worse_is_a_regression(document: Make) -> None:
    (change,) = changes(document(3.0), document(2.1))
    assert change.regressed
    assert str(change) == "P1 all: 3x -> 2.1x (REGRESSION)"


def test_noise_is_none(document: Make) -> None:
    (change,) = changes(document(3.0), document(2.7))
    assert not change.regressed
    assert str(change).endswith("(same)")


def test_where_less_is_better(document: Make) -> None:
    (worse,) = changes(document(1.0, target=at_most(2.0)), document(1.5, target=at_most(2.0)))
    (better,) = changes(document(1.5, target=at_most(2.0)), document(1.0, target=at_most(2.0)))
    assert (worse.regressed, better.regressed) == (True, False)
    assert str(better).endswith("(better)")


def test_seconds_of_another_machine_are_not_compared(document: Make) -> None:
    slow = document(9.0, unit="s", target=at_most(1.0))
    quick = document(1.0, unit="s", target=at_most(1.0), cpu="a better CPU")
    assert list(changes(quick, slow)) == []
    assert [change.regressed for change in changes(document(1.0, unit="s", target=at_most(1.0)), slow)] == [True]
    assert len(list(changes(document(1.0, cpu="a better CPU"), document(1.0)))) == 1  # a ratio is


def test_what_only_one_run_has_is_left_out(document: Make) -> None:
    assert list(changes(document(name="old"), document(name="new"))) == []
    assert list(changes(document(None), document(1.0))) == []

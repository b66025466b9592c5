"""Faults of the loop that were found at random: no run shows them now, and a run finds what brings them back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from opentrader.actors.trading import position_manager
from opentrader.actors.trading.entry import entries
from opentrader.actors.trading.recovery.reconciliation import Reconciled, Reconciliation
from opentrader.domain.trading.lifecycle import decide, fold, looking, reply
from opentrader.domain.trading.looks import PARTS, Watch
from opentrader.exchange import connection
from opentrader.exchange.governor import Governor
from opentrader.exchange.shared import SharedReads
from tests.simulation import daemon
from tests.simulation.faults.given import MOST_SEEDS
from tests.simulation.simulation import Simulation

MENDED = (
    ("k4", "thin", 7, 0.6),
    ("k5", "outages", 4, 0.9),
    ("k7", "slow disk", 1, 0.95),
    ("k9", "hangs", 3, 0.5),
    ("k9", "storms", 1, 0.1),
    ("k11", "delistings", 3, 0.9),
    ("k15", "limits", 1, 0.5),
    ("k25", "outages", 17, 0.6),
    ("k27", "thin", 9, 0.6),
)


@pytest.mark.parametrize(("climate", "seed", "hours"), [row[1:] for row in MENDED], ids=[row[0] for row in MENDED])
def test_no_run_breaks_a_rule(climate: str, seed: int, hours: float) -> None:
    """Each once broke one, in this weather; the seeds after the first are tried as well."""
    for each in (seed, seed + 1):
        verdict = Simulation(each, hours, climate).run()
        assert not verdict.violations, f"seed {each}"


def _unbounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A close that came to nothing counts for nothing, and is sent again at each poll."""
    for module in (fold, reply):
        monkeypatch.setattr(module, "came_to_nothing", lambda before, after: False)
    monkeypatch.setattr(decide, "spent", lambda scene: False)


def _counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """What never left, because it was committed for too long, counts as refused."""
    monkeypatch.setattr(position_manager, "LATE_MS", 1_000)
    monkeypatch.setattr(reply, "NEVER_LEFT", frozenset())


def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", 1e9)


def _alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everybody reads for himself, and as often as one may think of."""
    monkeypatch.setattr(SharedReads, "has", lambda *given, **options: False)
    monkeypatch.setattr(looking, "pause", lambda leg, settings: settings.poll if leg.live else None)


def _ungoverned(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(daemon, "Governor", lambda limit, now: Governor(0, now))


def _everything(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every poll reads all there is, for each trade, and nothing holds it back."""
    _ungoverned(monkeypatch)
    watch = looking.watch

    def whole(*given: Any) -> Watch:
        return replace(watch(*given), parts=PARTS, max_age=0)

    monkeypatch.setattr(sys.modules["opentrader.domain.trading.lifecycle.tick"], "watch", whole)
    monkeypatch.setattr(looking, "pause", lambda leg, settings: settings.poll if leg.live else None)


def _unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """An entry takes the account as it was last read, however long ago."""
    monkeypatch.setattr(entries, "YOUNG_MS", 1e12)
    monkeypatch.setattr(position_manager, "stale", lambda age: "")


def _all_or_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Entries are barred everywhere while one trade could not be read."""
    finish = Reconciliation.finish

    def strict(part: Reconciliation, message: Any) -> None:
        finish(part, message)
        if part.book.unread & part.book.trades.keys():
            part.reconciled = False
            part._show()

    monkeypatch.setattr(Reconciliation, "handlers", {**Reconciliation.handlers, Reconciled: strict})


MUTANTS: tuple[tuple[str, Callable[[pytest.MonkeyPatch], None], str, str, int, float], ...] = (
    ("k4", _unbounded, "order storm", "thin", 7, 0.39),
    ("k7", _counted, "blamed the venue", "slow disk", 1, 1.0),
    ("k9-hangs", _patient, "not looked at", "hangs", 1, 1.0),
    ("k9-reads", _alone, "reads pile up", "storms", 1, 0.1),
    ("k9-account", _unasked, "stale account", "calm", 1, 1.0),
    ("k11", _all_or_nothing, "shut out", "delistings", 1, 1.0),
    ("k15", _everything, "weight", "limits", 1, 0.5),
)


@pytest.mark.parametrize(
    ("mutate", "kind", "climate", "seed", "hours"), [row[1:] for row in MUTANTS], ids=[row[0] for row in MUTANTS]
)
def test_the_run_finds_the_mutant(
    mutate: Callable[[pytest.MonkeyPatch], None],
    kind: str,
    climate: str,
    seed: int,
    hours: float,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mutate(monkeypatch)
    assert any(Simulation(each, hours, climate).run().first(kind) for each in range(seed, seed + MOST_SEEDS))

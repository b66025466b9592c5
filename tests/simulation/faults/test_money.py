"""The money of a whole run, to the last digit, and what would make it wrong."""

from __future__ import annotations

from decimal import Decimal

import pytest

from opentrader.domain.trading.profit import Earnings
from tests.simulation.judging.money import Accountant
from tests.simulation.simulation import Simulation

K10 = (
    ("calm", 1, 0.5),
    ("fees", 1, 0.5),
    ("late fills", 4, 0.5),
    ("thin", 1, 0.6),
    ("kills", 1, 0.5),
    ("lag", 1, 0.5),
    ("losses", 1, 1.0),
    ("hands", 1, 0.5),
)


@pytest.mark.parametrize(("climate", "seed", "hours"), K10)
def test_k10_every_row_and_the_run_as_a_whole_are_what_the_ledger_says(climate: str, seed: int, hours: float) -> None:
    verdict = Simulation(seed, hours, climate).run()
    assert verdict.counts["closed"]
    assert verdict.first("money") is None


def test_k10_a_row_is_booked_again_until_its_fills_and_their_rates_are_known() -> None:
    simulation = Simulation(1, 0.15, "late fills")
    assert simulation.run().first("money") is None
    booked = simulation.store.read(lambda connection: list(connection.execute(BOOKED_TWICE)))
    assert booked
    for before, after, pnl, at_worst in booked:
        assert (before, after) == (0, 1)
        assert Decimal(at_worst) <= Decimal(pnl)


BOOKED_TWICE = """
    SELECT first.json ->> '$.closed.fees_known', fees_known, pnl, first.json ->> '$.closed.pnl'
    FROM history JOIN events AS first ON first.type = 'closed' AND first.json ->> '$.trade' = history.id
    WHERE first.seq < history.seq
"""


@pytest.mark.parametrize("judged", ["rows", "the run as a whole"])
def test_k10_the_run_finds_it_if_what_is_left_over_is_worth_something(
    judged: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Accountant, "closing" if judged == "rows" else "check", lambda *given: None)
    with_dust = property(lambda earned: earned.got - earned.paid - earned.costs + earned.left_over * 100)
    monkeypatch.setattr(Earnings, "pnl", with_dust)
    assert Simulation(1, 0.2, "calm").run().first("money")

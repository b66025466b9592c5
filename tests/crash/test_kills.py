"""A real daemon under four clients, killed twice; and that the rig sees a daemon that a kill makes lie."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from tests.crash import mutants, power
from tests.crash.rig import Plan, Rig

MOST_KILLS = 12  # within which a mutant is caught


@pytest.mark.timeout(300)
def test_what_was_answered_outlives_two_kills(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Plan())
    assert [*rig.kill_once(), *rig.kill_once(), *rig.end()] == []
    assert rig.figures.kills == 2
    assert rig.figures.repeats > 0
    assert rig.figures.trades > 0


@pytest.mark.timeout(300)
def test_what_was_answered_outlives_a_power_cut(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Plan(script=power.DAEMON, how=power.SIGNAL))
    assert [*rig.kill_once(), *rig.end()] == []
    assert len(rig.figures.cuts) == 1


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("script", "how", "rule"),
    [
        (mutants.FORGETS_KEYS, signal.SIGKILL, "every_answer_is_found_again"),
        (mutants.ANSWERS_FIRST, signal.SIGKILL, "every_answer_is_journaled"),
        (mutants.NEVER_SYNCED, power.SIGNAL, "it does not start"),
        (mutants.RARELY_SYNCED, power.SIGNAL, "every_answer_is_found_again"),
    ],
)
def test_a_daemon_that_lies_after_a_kill_is_caught(tmp_path: Path, script: str, how: signal.Signals, rule: str) -> None:
    rig = Rig(tmp_path, Plan(script=script, how=how))
    for _ in range(MOST_KILLS):
        if any(violation.startswith(rule) for violation in rig.kill_once()):
            break
    else:
        pytest.fail(f"not caught within {MOST_KILLS} kills")
    rig.notes.close()

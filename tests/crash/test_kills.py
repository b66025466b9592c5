"""A real daemon under four clients, killed twice; and that the rig sees a daemon that a kill makes lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.crash import mutants
from tests.crash.rig import Plan, Rig

MOST_KILLS = 12  # within which a mutant is caught


@pytest.mark.timeout(300)
def test_what_was_answered_outlives_two_kills(tmp_path: Path) -> None:
    rig = Rig(tmp_path, Plan())
    assert [*rig.kill_once(), *rig.kill_once(), *rig.end()] == []
    assert rig.figures.kills == 2
    assert rig.figures.repeats > 0
    assert rig.figures.trades > 0


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize(
    ("script", "rule"),
    [
        (mutants.FORGETS_KEYS, "every_answer_is_found_again"),
        (mutants.ANSWERS_FIRST, "every_answer_is_journaled"),
    ],
)
def test_a_daemon_that_lies_after_a_kill_is_caught(tmp_path: Path, script: str, rule: str) -> None:
    rig = Rig(tmp_path, Plan(script=script))
    for _ in range(MOST_KILLS):
        if any(violation.startswith(rule) for violation in rig.kill_once()):
            break
    else:
        pytest.fail(f"not caught within {MOST_KILLS} kills")
    rig.notes.close()

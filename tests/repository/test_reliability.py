"""What docs/reliability.md promises can be run: the tests, the mutants and the commits that it names exist."""

from __future__ import annotations

import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutants.catalog import MUTANTS
from tests.paths import REPOSITORY

DOCUMENT = (REPOSITORY / "docs" / "reliability.md").read_text(encoding="utf-8")
KINDS = {f"K{number}" for number in range(1, 28)}
ROWS = [
    [cell.strip() for cell in line.strip()[1:-1].split("|")]
    for line in DOCUMENT.splitlines()
    if line.startswith(("| K", "| survivor", "| stream "))
]
RULES = [row for row in ROWS if len(row) == 5]
HUNTED = [row for row in ROWS if len(row) == 4]


def test_every_rule_has_its_row() -> None:
    assert {row[0] for row in RULES} == KINDS


def commands() -> Iterator[list[str]]:
    for row in RULES:
        told = [shlex.split(command) for command in re.findall(r"`((?:pytest|python) [^`]+)`", row[3])]
        assert told, row
        yield from (command for command in told if command[0] == "pytest")


def files_of(argument: str) -> list[Path]:
    path = REPOSITORY / argument
    return sorted(path.rglob("test_*.py")) if path.is_dir() else [path]


@pytest.mark.parametrize("command", list(commands()), ids=" ".join)
def test_each_test_that_is_named_exists(command: list[str]) -> None:
    """Every word of `-k` is in the name of a file or of a test there, or in the id of one of its examples."""
    at = command.index("-k") if "-k" in command else len(command)
    files = [path for argument in command[1:at] for path in files_of(argument)]
    for word in command[at + 1].split(" or ") if at < len(command) else [""]:
        named = re.compile(rf'(?m)^(async )?def test_\w*{word}|^    \("{word}"')
        assert any(word in path.stem or named.search(path.read_text(encoding="utf-8")) for path in files), word


def test_each_commit_that_is_named_exists() -> None:
    if not (REPOSITORY / ".git").exists():
        pytest.skip("needs the history of the repository")
    named = {commit for row in RULES for commit in re.findall(r"`([0-9a-f]{7})`", row[4])}
    assert named
    for commit in named:
        assert subprocess.run(["git", "merge-base", "--is-ancestor", commit, "HEAD"], cwd=REPOSITORY).returncode == 0  # noqa: PLW1510


def test_every_mutant_has_its_row() -> None:
    assert [tuple(row[:3]) for row in HUNTED] == [
        (mutant.kind, mutant.name, str(mutant.rig)) for mutant in MUTANTS if mutant.kind != "rules"
    ]

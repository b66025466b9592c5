"""What runs on its own, on a push or at a commit, runs the same tasks and tools as a person does."""

from __future__ import annotations

import configparser
import re
from typing import Any

import pytest
import yaml

from tests.paths import REPOSITORY

MAKEFILE = (REPOSITORY / "Makefile").read_text(encoding="utf-8")


def loaded(name: str) -> Any:
    return yaml.safe_load((REPOSITORY / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def workflow() -> Any:
    return loaded(".github/workflows/ci.yml")


@pytest.fixture(scope="module")
def hooks() -> list[dict[str, Any]]:
    repositories = loaded(".pre-commit-config.yaml")["repos"]
    assert [repository["repo"] for repository in repositories] == ["local"]  # another one has pins of its own
    return repositories[0]["hooks"]


def supported() -> list[str]:
    """The Python versions in the classifiers of setup.cfg."""
    config = configparser.ConfigParser()
    config.read(REPOSITORY / "setup.cfg")
    return re.findall(r"Python :: (3\.\d+)", config["metadata"]["classifiers"])


def test_the_workflow_runs_what_has_to_pass_before_a_change_lands(workflow: Any) -> None:
    steps = workflow["jobs"]["test"]["steps"]
    run = [step["run"] for step in steps if "run" in step]
    wanted = re.findall(r"(?m)^(make \w+)", (REPOSITORY / ".ci/run").read_text(encoding="utf-8"))
    assert run == wanted == ["make check", "make test"]
    assert all(re.search(rf"(?m)^{command.removeprefix('make ')}:", MAKEFILE) for command in run)


def test_the_workflow_runs_on_every_supported_python(workflow: Any) -> None:
    assert workflow["jobs"]["test"]["strategy"]["matrix"]["python"] == supported()


def test_the_workflow_may_only_read_and_pins_what_it_uses(workflow: Any) -> None:
    assert workflow["permissions"] == {"contents": "read"}
    used = [step["uses"] for job in workflow["jobs"].values() for step in job["steps"] if "uses" in step]
    assert used
    assert [name for name in used if not re.fullmatch(r"actions/[\w-]+@v\d+", name)] == []


def test_every_hook_runs_a_tool_of_the_environment(hooks: list[dict[str, Any]]) -> None:
    assert {hook["entry"].split()[0] for hook in hooks} == {".venv/bin/ruff", ".venv/bin/mypy"}
    assert {hook["language"] for hook in hooks} == {"system"}


def test_every_ignored_commit_of_blame_is_a_full_id_with_a_reason() -> None:
    lines = (REPOSITORY / ".git-blame-ignore-revs").read_text(encoding="utf-8").splitlines()
    commits = [number for number, line in enumerate(lines) if line and not line.startswith("#")]
    assert [lines[number] for number in commits if not re.fullmatch(r"[0-9a-f]{40}", lines[number])] == []
    assert [lines[number] for number in commits if number == 0 or not lines[number - 1].startswith("#")] == []

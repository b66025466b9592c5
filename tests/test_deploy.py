"""What is deployed: the example settings are settings, the unit and the compose file start what there is."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from opentrader.config.settings import Settings
from opentrader.config.sources import variable
from tests.paths import REPOSITORY

pytestmark = pytest.mark.usefixtures("bare")
EXAMPLE = (REPOSITORY / "deploy/opentrader.env.example").read_text(encoding="utf-8")
_SETTING = re.compile(r"(?m)^(?P<off>#?)(?P<name>OPENTRADER_[A-Z_]+)=(?P<value>.+)$")
_MENTIONED = re.compile(r"\bOPENTRADER_[A-Z_]*[A-Z]\b")


def given(*, all: bool) -> dict[str, str]:
    return {line["name"]: line["value"] for line in _SETTING.finditer(EXAMPLE) if all or not line["off"]}


def test_the_example_as_it_stands_changes_no_default(monkeypatch: pytest.MonkeyPatch) -> None:
    usual, variables = dict(Settings()), given(all=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    assert variables
    assert dict(Settings()) == usual


def test_the_example_is_accepted_with_every_line_of_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s" * 32)
    secret.chmod(0o600)
    variables = given(all=True)
    for name, value in variables.items():
        monkeypatch.setenv(name, str(secret) if name.endswith("_FILE") else value)
    settings = Settings()
    taken = {variable(origin.key) for origin in settings.origins() if origin.source == variable(origin.key)}
    assert variables.keys() == taken


@pytest.mark.parametrize(
    "name",
    ["compose.yaml", "docs/deploy.md", "deploy/opentrader.service", "deploy/opentrader.env.example", "README.md"],
)
def test_every_variable_that_is_named_is_a_setting(name: str) -> None:
    text = (REPOSITORY / name).read_text(encoding="utf-8")
    ours = {variable(key) for key in Settings.model_fields}
    assert set(_MENTIONED.findall(text)) - ours == set()


MAX_EXPOSURE = 1.5


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze (Debian package systemd)")
def test_the_unit_stays_as_little_exposed_as_it_is() -> None:
    unit = REPOSITORY / "deploy/opentrader.service"
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", str(unit)]
    rated = subprocess.run(command, capture_output=True, text=True, check=False)
    if "unrecognized option" in rated.stderr:
        pytest.skip("needs systemd 250 or newer: an older one rates only units that are installed")
    found = re.search(r"Overall exposure level for opentrader\.service: (\d+\.\d+)", rated.stdout)
    assert found, rated.stdout + rated.stderr
    assert float(found[1]) <= MAX_EXPOSURE, rated.stdout

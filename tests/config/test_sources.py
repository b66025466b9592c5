"""Where settings come from, and which place wins."""

from __future__ import annotations

from pathlib import Path

import pytest

from opentrader.config.settings import Settings
from opentrader.config.sources import option
from tests.config.given import TOKEN, refused, secret_file, source_of

pytestmark = pytest.mark.usefixtures("bare")


def test_argument_then_environment_then_file_then_default(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text('port = 1\nhost = "10.0.0.1"\nspeed = 2\n')
    monkeypatch.setenv("OPENTRADER_PORT", "2")
    monkeypatch.setenv("OPENTRADER_HOST", "10.0.0.2")
    settings = Settings(_spelled=option, config=file, port=3)
    assert (settings.port, settings.host, settings.speed, settings.mr_history) == (3, "10.0.0.2", 2.0, 1000)
    assert source_of(settings, "port") == "--port"
    assert source_of(settings, "host") == "OPENTRADER_HOST"
    assert source_of(settings, "speed") == f"{file}, speed"
    assert source_of(settings, "mr_history") == "default"


def test_the_file_in_the_current_folder_is_read_unless_another_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("opentrader.toml").write_text("port = 1")
    Path("other.toml").write_text("port = 2")
    assert Settings().port == 1
    monkeypatch.setenv("OPENTRADER_CONFIG", "other.toml")
    assert Settings().port == 2


@pytest.mark.parametrize("text", ["port = ", "\xff"], ids=["syntax", "encoding"])
def test_a_file_that_is_no_toml_is_one_problem_among_others(tmp_path: Path, text: str) -> None:
    file = tmp_path / "some.toml"
    file.write_text(text, encoding="latin-1")
    lines = refused(config=file, port=-1)
    assert len(lines) == 2
    assert lines[0].startswith(f"config = {file} (the configuration file): is not valid TOML")
    assert lines[1].startswith("port = -1 ")


def test_a_named_file_must_be_there() -> None:
    assert refused(config="nowhere.toml") == [
        (
            "config = nowhere.toml (the configuration file): cannot be read: No such file or directory;"
            " name an existing file, or leave the setting out"
        )
    ]


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENTRADER_API_TOKEN", "")
    monkeypatch.setenv("OPENTRADER_PROT", "")
    assert Settings().api_token is None


def test_a_secret_is_read_from_its_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = secret_file(tmp_path, f"{TOKEN}\n")
    monkeypatch.setenv("OPENTRADER_API_TOKEN_FILE", str(path))
    settings = Settings()
    assert settings.api_token is not None
    assert settings.api_token.get_secret_value() == TOKEN
    assert source_of(settings, "api_token") == "OPENTRADER_API_TOKEN_FILE"


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o601])
def test_a_secret_file_must_be_closed_to_others(tmp_path: Path, mode: int) -> None:
    path = secret_file(tmp_path, TOKEN, mode)
    advice = f"other users of this machine can read it; run chmod 600 {path}"
    assert refused(api_token_file=path) == [f"api_token_file = {path} (argument api_token_file): {advice}"]


def test_a_credential_of_systemd_is_closed_by_its_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = secret_file(tmp_path, TOKEN, 0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert Settings(api_token_file=path).api_token is not None


def test_a_secret_file_that_cannot_be_read(tmp_path: Path) -> None:
    (line,) = refused(api_token_file=tmp_path / "none")
    assert line.endswith("cannot be read: No such file or directory")


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_configuration_file_with_a_secret_must_be_closed_to_others(tmp_path: Path, mode: int) -> None:
    file = tmp_path / "some.toml"
    file.write_text(f'port = 1\napi_token = "{TOKEN}"')
    file.chmod(mode)
    assert refused(config=file) == [
        f"api_token = ****** ({file}, api_token): other users of this machine can read it; run chmod 600 {file}"
    ]
    file.chmod(0o600)
    assert Settings(config=file).api_token is not None


def test_a_configuration_file_without_a_secret_may_be_read_by_all(tmp_path: Path) -> None:
    file = tmp_path / "some.toml"
    file.write_text(f'port = 1\napi_token_file = "{secret_file(tmp_path, TOKEN)}"')
    file.chmod(0o644)
    assert Settings(config=file).port == 1


def test_a_secret_and_its_file_in_one_place_are_one_too_many(tmp_path: Path) -> None:
    (line,) = refused(api_token=TOKEN, api_token_file=secret_file(tmp_path, TOKEN))
    assert line.endswith("argument api_token is set as well; keep one of the two")
    assert TOKEN not in line


def test_a_secret_beats_a_file_of_a_lower_place(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    Path("opentrader.toml").write_text(f'api_token_file = "{secret_file(tmp_path, "f" * 32)}"')
    monkeypatch.setenv("OPENTRADER_API_TOKEN", TOKEN)
    settings = Settings()
    assert settings.api_token is not None
    assert settings.api_token.get_secret_value() == TOKEN
    assert source_of(settings, "api_token") == "OPENTRADER_API_TOKEN"

"""Settings: every place they come from, every fault at once, no secret anywhere."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from pydantic import ValidationError

from opentrader.config.settings import DEFAULT_WATCHLIST, Settings
from opentrader.config.sources import option, variable
from opentrader.errors import ConfigError
from opentrader.feed import FilesChoice, SimulatedChoice

pytestmark = pytest.mark.usefixtures("bare")
DOCS = Path(__file__).resolve().parents[2] / "docs"
TOKEN = "0123456789abcdef0123456789abcdef"


def refused(**values: Any) -> list[str]:
    """The lines about settings that cannot be used."""
    with pytest.raises(ConfigError) as caught:
        Settings(**values)
    return caught.value.detail.splitlines()


def secret_file(folder: Path, text: str, mode: int = 0o600) -> Path:
    path = folder / "token"
    path.write_text(text)
    path.chmod(mode)
    return path


def source_of(settings: Settings, key: str) -> str:
    return {origin.key: origin.source for origin in settings.origins()}[key]


def test_defaults() -> None:
    settings = Settings()
    assert (settings.host, settings.port, settings.exchange) == ("127.0.0.1", 8000, "paper")
    assert settings.feed == SimulatedChoice()
    assert settings.watchlist == DEFAULT_WATCHLIST
    assert (settings.at, settings.at_ms, settings.speed) == (None, None, 1.0)
    assert (settings.commit, settings.risk_max_trades_day, settings.signal_ttl_minutes) == ("dev", 3, 5.0)
    assert {origin.source for origin in settings.origins()} == {"default"}


def test_the_example_of_an_embedding_program() -> None:
    settings = Settings(feed="simulated", license_email="me@example.com", license_name="Me")
    assert (settings.license_email, settings.license_name) == ("me@example.com", "Me")
    assert source_of(settings, "license_name") == "argument license_name"


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


def test_every_bad_key_is_told_at_once_with_value_place_and_advice(monkeypatch: pytest.MonkeyPatch) -> None:
    Path("opentrader.toml").write_text('speed = 0\nwatchlst = ["BTC"]\nmr_timeframe = "2h"')
    monkeypatch.setenv("OPENTRADER_PORT", "99999")
    monkeypatch.setenv("OPENTRADER_PROT", "1")
    monkeypatch.setenv("OPENTRADER_LICENSE_EMAIL", "nobody")
    monkeypatch.setenv("OPENTRADER_EXCHANGE_SECRET", "12:secret")
    assert refused(_spelled=option, feed="ccxt:binance", exchange="ccxt:binance") == [
        "port = 99999 (OPENTRADER_PORT): should be less than or equal to 65535; for example 8001",
        (
            "feed = ccxt:binance (--feed): this version has no live feeds (ccxt);"
            " use simulated, simulated:SEED or files:DIR"
        ),
        (
            "exchange = ccxt:binance (--exchange): this version trades on the paper exchange only;"
            " use paper, or leave the setting out"
        ),
        "speed = 0 (opentrader.toml, speed): should be greater than 0; for example 60",
        "license_email = nobody (OPENTRADER_LICENSE_EMAIL): has the wrong format; for example me@example.com",
        (
            "mr_timeframe = 2h (opentrader.toml, mr_timeframe): should be '15m', '30m', '1h', '4h', '1d' or '1w';"
            " for example 1h"
        ),
        "opentrader.toml, watchlst: there is no such setting; did you mean watchlist?",
        "OPENTRADER_PROT: there is no such setting; did you mean OPENTRADER_PORT?",
        "OPENTRADER_EXCHANGE_SECRET: there is no such setting; `opentrader check-config` lists them all",
    ]


def test_a_misspelled_argument_is_found() -> None:
    assert refused(prot=1) == ["argument prot: there is no such setting; did you mean port?"]


def test_an_empty_variable_counts_as_not_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENTRADER_API_TOKEN", "")
    monkeypatch.setenv("OPENTRADER_PROT", "")
    assert Settings().api_token is None


def test_the_commit_is_read_where_builds_put_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GIT_COMMIT", "a1b2c3d")
    settings = Settings()
    assert (settings.commit, source_of(settings, "commit")) == ("a1b2c3d", "GIT_COMMIT")


@pytest.mark.parametrize(
    ("spelled", "instant"),
    [
        ("2024-04-15", datetime(2024, 4, 15, tzinfo=UTC)),
        ("2024-04-15T12:00Z", datetime(2024, 4, 15, 12, tzinfo=UTC)),
        ("2024-04-15T12:00", datetime(2024, 4, 15, 12, tzinfo=UTC)),
        ("2024-04-15 14:00+02:00", datetime(2024, 4, 15, 12, tzinfo=UTC)),
        ("2024-04-14T23:30-01:00", datetime(2024, 4, 15, 0, 30, tzinfo=UTC)),
        (datetime(2024, 4, 15, 12), datetime(2024, 4, 15, 12, tzinfo=UTC)),  # noqa: DTZ001
        (datetime(2024, 4, 15).date(), datetime(2024, 4, 15, tzinfo=UTC)),  # noqa: DTZ001
    ],
)
def test_instants(spelled: object, instant: datetime) -> None:
    settings = Settings(at=spelled)
    assert settings.at == instant
    assert settings.at_ms == int(instant.timestamp()) * 1000


@pytest.mark.parametrize(
    "spelled", ["yesterday", "2024-02-30", "1713182400", "1969-12-31", "0001-01-01T00:00+10:00", 7]
)
def test_what_is_no_instant(spelled: object) -> None:
    (line,) = refused(at=spelled)
    assert line.startswith(f"at = {spelled} (argument at): should be ")


def test_dates_of_the_file_may_be_those_of_toml() -> None:
    Path("opentrader.toml").write_text("at = 2024-04-15T14:00:00+02:00")
    assert Settings().at == datetime(2024, 4, 15, 12, tzinfo=UTC)
    Path("opentrader.toml").write_text("at = 2024-04-15")
    assert Settings().at == datetime(2024, 4, 15, tzinfo=UTC)


@pytest.mark.parametrize("speed", [0, -1, "inf", "nan", "fast"])
def test_speed_is_finite_and_positive(speed: object) -> None:
    (line,) = refused(speed=speed)
    assert line.startswith("speed = ")


def test_the_watchlist_is_a_text_or_a_list(monkeypatch: pytest.MonkeyPatch) -> None:
    assert Settings(watchlist=" BTC, ETH/USDT ,").watchlist == ("BTC", "ETH/USDT")
    assert Settings(watchlist=["BTC"]).watchlist == ("BTC",)
    monkeypatch.setenv("OPENTRADER_WATCHLIST", "SOL,ADA")
    assert Settings().watchlist == ("SOL", "ADA")


@pytest.mark.parametrize(
    ("watchlist", "advice"),
    [
        ("BTC,b$", "has the wrong format"),
        ("", "is too short"),
        ("BTC,ETH,btc", "names BTC more than once"),
        ([], "is too short"),
    ],
)
def test_a_watchlist_that_cannot_be_scanned(watchlist: object, advice: str) -> None:
    (line,) = refused(watchlist=watchlist)
    assert advice in line


def test_feeds_are_parsed() -> None:
    assert Settings(feed="files:~/candles").feed == FilesChoice(Path("~/candles").expanduser())
    assert Settings(feed="simulated:7").feed == SimulatedChoice(7)
    assert Settings(feed=SimulatedChoice(7)).feed == SimulatedChoice(7)


def test_the_license_needs_both_names() -> None:
    both = "the license needs license_email and license_name; set both or neither"
    assert refused(license_email="me@example.com") == [f"license_name (default): {both}"]
    assert refused(license_name="Me") == [f"license_name = Me (argument license_name): {both}"]


def test_settings_do_not_change() -> None:
    with pytest.raises(ValidationError):
        Settings().port = 1


# --- secrets ------------------------------------------------------------------------------------------------------


def test_a_secret_shows_nowhere() -> None:
    settings = Settings(api_token=TOKEN)
    shown = "".join((repr(settings), str(settings), str(settings.origins())))
    assert settings.api_token is not None
    assert settings.api_token.get_secret_value() == TOKEN
    assert TOKEN not in shown


@pytest.mark.parametrize("token", ["0123456789", TOKEN + " ", TOKEN + "é"])
def test_a_token_that_is_refused_is_not_shown_either(token: str) -> None:
    (line,) = refused(api_token=token)
    assert line.startswith("api_token = ****** (argument api_token): ")
    assert token not in line


def test_the_name_of_a_secret_file_is_shown(tmp_path: Path) -> None:
    path = secret_file(tmp_path, TOKEN)
    values = {origin.key: origin.value for origin in Settings(api_token_file=path).origins()}
    assert (values["api_token"], values["api_token_file"]) == ("******", str(path))


def test_an_unknown_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OPENTRADER_EXCHANGE_SECRET", TOKEN)
    assert TOKEN not in "".join(refused())


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


# --- what the documents say ---------------------------------------------------------------------------------------


def make_reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_reference", DOCS / "make_reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("name", ["configuration.md", "cli.md"])
def test_the_documents_are_up_to_date(name: str) -> None:
    text = (DOCS / name).read_text(encoding="utf-8")
    assert make_reference().renewed(name, text) == text, "run docs/make_reference.py"


def test_the_documents_name_every_setting() -> None:
    text = (DOCS / "configuration.md").read_text(encoding="utf-8")
    assert [key for key in Settings.model_fields if f"`{variable(key)}`" not in text] == []


@pytest.mark.parametrize("key", sorted(Settings.model_fields))
def test_every_setting_is_described(key: str) -> None:
    assert str(Settings.model_fields[key].description).endswith(".")

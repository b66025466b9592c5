"""Settings: every place they come from, every fault at once, no secret anywhere."""

from __future__ import annotations

import importlib.util
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from pydantic import ValidationError

from opentrader.config.settings import DEFAULT_WATCHLIST, Settings
from opentrader.config.sources import option, variable
from opentrader.feed import FilesChoice, SimulatedChoice
from tests.config.given import TOKEN, refused, secret_file, source_of
from tests.paths import REPOSITORY

pytestmark = pytest.mark.usefixtures("bare")
DOCS = REPOSITORY / "docs"


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


@pytest.mark.parametrize(
    "wire", ["latency=300", "latency_ms=abc", "loss=2", "push=maybe", "weight=1;loss=0", "lag_ms=-1"]
)
def test_a_wire_that_cannot_be_used_is_found_with_the_other_mistakes(wire: str) -> None:
    assert refused(paper_wire=wire, port=99999)[-1] == (
        f"paper_wire = {wire} (argument paper_wire): has the wrong format;"
        " for example latency_ms=300,loss=0.02,lag_ms=800,weight=6000,push=off"
    )


@pytest.mark.parametrize(
    "wire", ["", "latency_ms=300", "loss=0.02,push=on", "latency_ms=0.5,loss=1,lag_ms=800,weight=6000"]
)
def test_a_wire(wire: str) -> None:
    assert Settings(paper_wire=wire).paper_wire == wire


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

"""The command line used wrongly: it says what was meant, all at once, and ends with 2."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import opentrader
from opentrader.cli import entry as cli

MARKET = ("--feed", "simulated", "--at", "2024-04-15T12:00Z")


@pytest.fixture(autouse=True)
def wide(own_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")


@pytest.mark.parametrize(
    "arguments", [["scann"], ["scan", "--mod", "trend"], ["analyze"], ["scan", "--timeframe", "2h"]]
)
def test_wrong_use_ends_with_2(arguments: list[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)


def test_the_version_is_the_one_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main(["--version"])
    assert capsys.readouterr().out == f"opentrader {opentrader.__version__}\n"
    assert re.fullmatch(r"\d+\.\d+\.\d+.*", opentrader.__version__)


@pytest.mark.parametrize(
    ("arguments", "meant"),
    [
        (["scann"], "did you mean scan?"),
        (["check_config"], "did you mean check-config?"),
        (["scan", "--mod", "trend"], "did you mean --mode?"),
        (["serve", "--prot=1"], "did you mean --port?"),
        (["analyze", "BTC", "--plotx", "a.png"], "did you mean --plot?"),
        (["scan", "--timeframe", "2h"], "invalid choice: '2h'"),
        (["scan", "--xyzzy"], "unrecognized arguments: --xyzzy"),
    ],
)
def test_what_was_meant_is_told(arguments: list[str], meant: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        cli.main(arguments)
    assert meant in capsys.readouterr().err


def test_wrong_values_are_wrong_use_too_and_are_told_as_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["analyze", "BTC", "--mtf", "4h", "--htf", "1h", *MARKET]) == 2
    assert capsys.readouterr().err == "opentrader: --htf: 1h is shorter than --mtf, 4h\n"


def test_a_market_that_is_not_there_leads_to_those_that_are(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["analyze", "NOSUCHCOIN", *MARKET]) == 1
    err = capsys.readouterr().err
    assert "NOSUCHCOIN is not listed" in err
    assert "This feed lists ADA, ARB, " in err
    assert "/api/" not in err


def test_a_folder_of_candles_that_is_not_there_is_named_in_full(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert cli.main(["scan", "--feed", "files:./candles"]) == 2
    err = capsys.readouterr().err
    assert "there is no such directory" in err
    assert f"{tmp_path / 'candles'} was looked for" in err
    assert "BTCUSDT-4h.csv" in err


@pytest.mark.parametrize("command", [["serve"], ["scan"], ["analyze", "BTC"]])
def test_unusable_settings_are_all_told_and_end_with_2(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENTRADER_PROT", "1")
    assert cli.main([*command, "--at", "yesterday"]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines() == [
        "opentrader:",
        "  at = yesterday (--at): should be like 2024-04-15, 2024-04-15T12:00Z or 2024-04-15T14:00+02:00",
        "  OPENTRADER_PROT: there is no such setting; did you mean OPENTRADER_PORT?",
        "`opentrader check-config` shows every setting.",
    ]


def test_check_config_shows_all_settings_and_marks_those_that_cannot_be_used(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENTRADER_PROT", "1")
    monkeypatch.setenv("OPENTRADER_API_TOKEN", "too short")
    assert cli.main(["check-config", "--at", "yesterday", "--port", "8001"]) == 2
    out, err = capsys.readouterr()
    rows = [line.split() for line in out.splitlines() if line.strip()]
    assert ["✕", "at", "yesterday", "--at"] in rows
    assert ["✕", "api_token", "******", "OPENTRADER_API_TOKEN"] in rows
    assert ["port", "8001", "--port"] in rows
    assert ["feed", "simulated", "default"] in rows
    assert ["log_level", "info", "default"] in rows
    assert "  at = yesterday (--at): should be like" in err
    assert "did you mean OPENTRADER_PORT?" in err
    assert "check-config" not in err
    assert "too short" not in out + err


def test_the_doctor_takes_bad_settings_as_one_failed_check(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--at", "yesterday", "--port", "-1"]) == 1
    out, err = capsys.readouterr()
    assert err == ""
    assert out.count("✕") == 1
    assert "at = yesterday (--at): should be like" in out
    assert "port = -1 (--port): should be" in out

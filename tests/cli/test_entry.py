"""The command line from outside: help, misuse, interruption, a pipe that closes."""

from __future__ import annotations

import subprocess
import sys

import pytest

from opentrader import research
from opentrader.cli import entry as cli
from tests.paths import REPOSITORY

AT = "2024-04-15T12:00Z"


MARKET = ("--feed", "simulated", "--at", AT)


COMMANDS = ("serve", "scan", "analyze", "check-config", "doctor", "audit", "warmup")


@pytest.fixture(autouse=True)
def plain(own_folder: None, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "160")
    monkeypatch.setenv("PYTHONPATH", str(REPOSITORY))  # for the processes that a test starts


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_teaches_by_examples(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="0"):
        cli.main([command, "--help"])
    text = capsys.readouterr().out
    assert f"examples:\n  opentrader {command}" in text


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; from opentrader.cli.parser import make_parser; make_parser().format_help();"
        "print(*sorted({'numba', 'numpy', 'ccxt', 'plotly', 'matplotlib', 'pykka', 'aiohttp'} & sys.modules.keys()))"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True).stdout == "\n"


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    out = capsys.readouterr().out
    assert [command for command in COMMANDS if command not in out] == []


def test_ctrl_c_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(*_args: object, **_named: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(research, "scan_market", interrupted)
    assert cli.main(["scan", *MARKET]) == 130


def test_a_reader_that_has_seen_enough_is_no_error() -> None:
    command = f"'{sys.executable}' -m opentrader scan {' '.join(MARKET)} | head -c 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", command], capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"{", b"")

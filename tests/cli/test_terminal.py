"""What goes to the terminal, and where."""

from __future__ import annotations

import pytest

from opentrader.cli import terminal
from opentrader.errors import ConfigError


def test_json_is_for_those_who_ask_and_for_pipes(monkeypatch: pytest.MonkeyPatch) -> None:
    assert terminal.wants_json(True)
    assert terminal.wants_json(False)  # a test's output is no terminal
    monkeypatch.setattr("sys.stdout.isatty", lambda: True)
    assert not terminal.wants_json(False)


def test_an_error_is_one_line_or_a_list_and_its_hint(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.complain(ConfigError("port is taken", hint="use another"))
    terminal.complain(ConfigError("one\ntwo"))
    assert capsys.readouterr().err == "opentrader: port is taken\nuse another\nopentrader:\n  one\n  two\n"


def test_notes_and_progress_leave_stdout_alone(capfd: pytest.CaptureFixture[str]) -> None:
    terminal.note(["a", "b"])
    with terminal.progress("scan", 1) as advance:
        advance("BTC")
    assert capfd.readouterr() == ("", "a\nb\n")


def test_json_ends_with_a_line(capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    terminal.print_json({"a": 1})
    assert capfdbinary.readouterr().out == b'{\n  "a": 1\n}\n'

"""The daemon's log: where it goes, what it lets through, what it hides."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator

import pytest

from opentrader.daemon import logs


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("opentrader")
    before = (root.handlers[:], root.level, ours.level)
    yield
    root.handlers[:], level, own = before
    root.setLevel(level)
    ours.setLevel(own)


def test_a_line_tells_when_and_how_grave(capsys: pytest.CaptureFixture[str]) -> None:
    logs.begin("info")
    logging.getLogger("opentrader.somewhere").info("signal: %s", "buy ADAUSDT")
    out, err = capsys.readouterr()
    assert out == ""
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ INFO +signal: buy ADAUSDT\n", err)


def test_an_event_is_one_line_whatever_is_in_it(capsys: pytest.CaptureFixture[str]) -> None:
    logs.begin("info")
    logging.getLogger("opentrader").info("by %s", "a\n2026-01-01T00:00:00Z INFO forged\x1b[2J é")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.endswith(r"by a\n2026-01-01T00:00:00Z INFO forged\x1b[2J é")


@pytest.mark.parametrize(("level", "shown"), [("debug", "diw"), ("info", "iw"), ("warning", "w"), ("error", "")])
def test_the_level_is_ours_alone(capsys: pytest.CaptureFixture[str], level: str, shown: str) -> None:
    logs.begin(level)
    for name in ("opentrader.x", "library"):
        for say in ("debug", "info"):
            getattr(logging.getLogger(name), say)("%s of %s", say[0], name)
    logging.getLogger("opentrader.x").warning("w of opentrader.x")
    told = capsys.readouterr().err.splitlines()
    assert "".join(line.rsplit(maxsplit=3)[1] for line in told) == shown
    assert [line for line in told if "library" in line] == []


def test_a_token_is_hidden_in_words_and_in_traces(capsys: pytest.CaptureFixture[str]) -> None:
    token = "123456789:" + "A" * 35
    logs.begin("info")
    try:
        int(f"https://example.com/bot{token}/sendMessage")
    except ValueError:
        logging.getLogger("opentrader").exception("could not reach %s", token)
    err = capsys.readouterr().err
    assert "ValueError" in err
    assert "A" * 35 not in err

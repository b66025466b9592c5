"""What `--feed` may say."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from opentrader.errors import ConfigError
from opentrader.feed import DEFAULT_SEED, FilesChoice, SimulatedChoice, parse_feed


def test_the_usual_market() -> None:
    assert parse_feed("simulated") == SimulatedChoice(DEFAULT_SEED)
    assert parse_feed(" simulated ") == SimulatedChoice(DEFAULT_SEED)


@pytest.mark.parametrize("seed", [0, 7, 2**63 - 1])
def test_a_market_of_ones_own(seed: int) -> None:
    assert parse_feed(f"simulated:{seed}") == SimulatedChoice(seed)


def test_recorded_files() -> None:
    assert parse_feed("files:data/candles") == FilesChoice(Path("data/candles"))
    assert parse_feed("files:/a:b") == FilesChoice(Path("/a:b"))
    assert parse_feed("files:~/candles") == FilesChoice(Path.home() / "candles")


@pytest.mark.parametrize("spelling", ["simulated", "simulated:7", "files:/data"])
def test_a_choice_is_spelled_as_it_was_parsed(spelling: str) -> None:
    assert str(parse_feed(spelling)) == spelling


@pytest.mark.parametrize(
    ("spelling", "says"),
    [
        ("simulated:", "whole number"),
        ("simulated:-1", "whole number"),
        ("simulated:1.5", "whole number"),
        ("simulated:abc", "whole number"),
        ("simulated:\u0663", "whole number"),
        (f"simulated:{2**63}", "whole number"),
        ("files:", "directory is missing"),
        ("files", "directory is missing"),
        ("ccxt:binance", "no live feeds"),
        ("ccxt", "no live feeds"),
        ("", "unknown kind of feed"),
        ("Simulated", "unknown kind of feed"),
        ("binance", "unknown kind of feed"),
    ],
)
def test_what_cannot_be_used_is_refused_with_advice(spelling: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as error:
        parse_feed(spelling)
    assert error.value.hint


def test_parsing_a_spelling_imports_nothing_heavy() -> None:
    code = "import sys, opentrader.feed as f; f.parse_feed('simulated'); print('numpy' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True) == "False\n"

"""The spelling of a feed in settings and on the command line: `simulated`, `simulated:SEED`, or `files:DIR`."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from opentrader.errors import ConfigError

DEFAULT_SEED = 3994  # of the first thousands, the seed whose early weeks show most setups at familiar prices
MAX_SEED = 2**63 - 1
_HINT = "use simulated, simulated:SEED or files:DIR"


@dataclass(frozen=True, slots=True)
class SimulatedChoice:
    """The simulated market; each seed gives another one."""

    seed: int = DEFAULT_SEED

    def __str__(self) -> str:
        return "simulated" if self.seed == DEFAULT_SEED else f"simulated:{self.seed}"


@dataclass(frozen=True, slots=True)
class FilesChoice:
    """Recorded candles in a directory."""

    directory: Path

    def __str__(self) -> str:
        return f"files:{self.directory}"


FeedChoice = SimulatedChoice | FilesChoice


def parse_feed(spelling: str) -> FeedChoice:
    """Parse a `--feed` value. Raises `ConfigError` for an invalid one."""
    kind, colon, argument = spelling.strip().partition(":")
    if kind == "simulated":
        return SimulatedChoice(_seed(argument) if colon else DEFAULT_SEED)
    if kind == "files":
        return FilesChoice(_directory(argument))
    if kind == "ccxt":
        raise ConfigError(f"feed {spelling!r}: this version has no live feeds (ccxt)", hint=_HINT)
    raise ConfigError(f"feed {spelling!r}: unknown kind of feed", hint=_HINT)


def _seed(text: str) -> int:
    if not re.fullmatch("[0-9]{1,19}", text) or int(text) > MAX_SEED:
        raise ConfigError(
            f"feed 'simulated:{text}': the seed must be a whole number from 0 to {MAX_SEED}",
            hint="leave it out for the default market, or use for example simulated:7",
        )
    return int(text)


def _directory(text: str) -> Path:
    if not text.strip():
        raise ConfigError(
            "feed 'files:': the directory is missing",
            hint="use files:DIR, where DIR holds files like BTCUSDT-4h.csv or BTCUSDT-4h.csv.gz",
        )
    return Path(text).expanduser()

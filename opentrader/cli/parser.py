"""The options of every command, with their help and examples.

The help of a setting comes from `Settings`. An unknown word is answered with the closest known one.
"""

from __future__ import annotations

import re
from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter, _SubParsersAction
from collections.abc import Callable, Iterable, Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from opentrader import __version__
from opentrader.cli import commands
from opentrader.config.settings import Settings
from opentrader.config.sources import option
from opentrader.domain.timeframes import TIMEFRAMES

FEED = ("config", "data_dir", "feed", "at")
DAEMON = ("config", "host", "port", "data_dir", "feed", "exchange", "at", "speed", "watchlist")
_METAVARS = {
    "config": "FILE",
    "host": "ADDRESS",
    "port": "PORT",
    "data_dir": "DIR",
    "feed": "FEED",
    "exchange": "VENUE",
    "at": "INSTANT",
    "speed": "FACTOR",
    "watchlist": "SYMBOLS",
}
_WRONG = re.compile(r"(?:invalid choice: '|unrecognized arguments: )(?P<word>[\w-]+)")


class Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Print what is wrong and exit with 2."""
        super().error(message + _meant(message, _spelled(self)))


def _meant(message: str, options: Iterable[str]) -> str:
    """The known choice or option that is closest to the word argparse rejected."""
    wrong = _WRONG.search(message)
    choices = re.findall(r"[\w-]+", message.partition("(choose from")[2]) or list(options)
    close = wrong and get_close_matches(wrong["word"].replace("_", "-"), choices, n=1, cutoff=0.7)
    return f"; did you mean {close[0]}?" if close else ""


def _spelled(parser: ArgumentParser) -> Iterator[str]:
    """The options of a parser and of its commands; the outermost parser reports unknown arguments."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from _spelled(command)


if TYPE_CHECKING:
    Commands = _SubParsersAction[Parser]


def make_parser() -> ArgumentParser:
    """The parser of the whole command line."""
    parser = Parser(
        prog="opentrader",
        description="A trading daemon: market analysis, signals and orders behind one HTTP API.",
        epilog="`opentrader COMMAND --help` shows the options of a command, with examples. Each option is also an"
        " environment variable (--data-dir: OPENTRADER_DATA_DIR) and a key of opentrader.toml (data_dir).",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"opentrader {__version__}")
    parser.set_defaults(run=None)
    group = parser.add_subparsers(title="commands", metavar="COMMAND")
    examples = (
        "serve",
        "serve --port 8001 --data-dir ./data",
        "serve --feed files:./candles --at 2024-04-15 --speed 60",
    )
    _command(group, commands.serve, "run the daemon", DAEMON, examples)
    _scan_command(group)
    _analyze_command(group)
    what = "show every setting and its source"
    _command(group, commands.check_config, what, DAEMON, ("check-config", "check-config --config opentrader.toml"))
    _command(
        group,
        commands.doctor,
        "find problems that would prevent a start",
        DAEMON,
        ("doctor", "doctor --data-dir ./data"),
    )
    _audit_command(group)
    _command(group, commands.warmup, "compile the kernels and exit", (), ("warmup",))
    return parser


def _scan_command(group: Commands) -> None:
    examples = ("scan", "scan --timeframe 1h --watchlist BTC,ETH", "scan --mode trend")
    recorded = "scan --feed files:./candles --at 2024-04-15T12:00Z --json > scan.json"
    what = "analyze every symbol of the watchlist"
    parser = _command(group, commands.scan, what, (*FEED, "watchlist"), (*examples, recorded))
    modes = "market: two timeframes and a decision (the default); trend: six votes on one timeframe"
    parser.add_argument("--mode", choices=("market", "trend"), default="market", help=modes)
    parser.add_argument("--timeframe", choices=TIMEFRAMES, default="4h", help="the (middle) timeframe; default 4h")
    parser.add_argument("--json", action="store_true", help="print JSON; the default when the output is not a terminal")


def _analyze_command(group: Commands) -> None:
    examples = ("analyze BTC", "analyze ETH --mtf 1h --htf 4h --explain", "analyze SOLUSDT --plot sol.html")
    parser = _command(group, commands.analyze, "analyze one market over two timeframes", FEED, examples)
    parser.add_argument("symbol", metavar="SYMBOL", help="BTC, BTCUSDT and BTC/USDT mean the same")
    parser.add_argument("--mtf", choices=TIMEFRAMES, default="4h", help="the middle timeframe; default 4h")
    parser.add_argument("--htf", choices=TIMEFRAMES, help="the higher timeframe; the default goes with --mtf")
    parser.add_argument("--explain", action="store_true", help="show the seven levels and their verdicts")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw a chart: FILE.html (interactive) or FILE.png")


def _audit_command(group: Commands) -> None:
    what = "verify that no event was changed or removed"
    examples = ("audit verify", "audit verify --data-dir ./data")
    parser = _command(group, commands.audit, what, ("config", "data_dir"), examples)
    parser.add_argument(
        "act",
        metavar="verify",
        choices=("verify",),
        help="check every event; exit status 0 means complete and unchanged",
    )


def _command(
    group: Commands, run: Callable[[Namespace], int], what: str, keys: Iterable[str], examples: Sequence[str]
) -> ArgumentParser:
    """Add a command, named after its function, with an option for each of these settings."""
    parser = group.add_parser(
        run.__name__.replace("_", "-"),
        help=what,
        description=f"{what[0].upper()}{what[1:]}.",
        epilog="\n".join(("examples:", *(f"  opentrader {example}" for example in examples))),
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.set_defaults(run=run)
    for key in keys:
        about = str(Settings.model_fields[key].description).replace("`", "").replace("%", "%%")
        parser.add_argument(option(key), dest=key, default=SUPPRESS, metavar=_METAVARS[key], help=about)
    return parser

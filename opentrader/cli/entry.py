"""The command line: `opentrader serve | scan | analyze | check-config | doctor | audit | warmup`.

Parsing and showing happen here, the work elsewhere. What is heavy (numba, plotly, the daemon) is imported by the
command that needs it. Exit status: 0 done, 1 failed, 2 wrong use or settings that cannot be used.
"""

from __future__ import annotations

import logging
import os
import sys
import time
from argparse import SUPPRESS, ArgumentParser, Namespace, RawDescriptionHelpFormatter, _SubParsersAction
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from opentrader import __version__
from opentrader.cli.parser import Parser
from opentrader.config.settings import Settings, as_given
from opentrader.config.sources import option
from opentrader.domain.timeframes import TIMEFRAMES
from opentrader.errors import ConfigError, Fault, InvalidInput, NotFound, OpentraderError, SymbolNotFound
from opentrader.feed import FilesChoice

if TYPE_CHECKING:
    from rich.console import Console

    from opentrader.research import Reading

    Commands = _SubParsersAction[Parser]

FEED = ("config", "data_dir", "feed", "at")
DAEMON = ("config", "host", "port", "data_dir", "feed", "exchange", "at", "speed", "watchlist")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status."""
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    parser = make_parser()
    options = parser.parse_args(arguments)
    if options.run is None:
        parser.print_help()
        return 2
    try:
        return int(options.run(options))
    except OpentraderError as error:
        _complain(_as_told_here(error, options))
        return 2 if isinstance(error, ConfigError | InvalidInput) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `opentrader scan | head`: the reader has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def make_parser() -> ArgumentParser:
    """The whole command line; help texts of settings are those of `Settings`."""
    parser = Parser(
        prog="opentrader",
        description="A trading daemon: market analysis, signals and orders behind one HTTP API.",
        epilog="`opentrader COMMAND --help` shows the options of a command, with examples. Each option is also a"
        " variable of the environment (--data-dir: OPENTRADER_DATA_DIR) and a key of opentrader.toml (data_dir).",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"opentrader {__version__}")
    parser.set_defaults(run=None)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")
    examples = (
        "serve",
        "serve --port 8001 --data-dir ./data",
        "serve --feed files:./candles --at 2024-04-15 --speed 60",
    )
    _command(commands, serve, "run the daemon", DAEMON, *examples)
    _scan_command(commands)
    _analyze_command(commands)
    what = "show every setting and where it came from"
    _command(commands, check_config, what, DAEMON, "check-config", "check-config --config opentrader.toml")
    _command(commands, doctor, "look for what would stop a start", DAEMON, "doctor", "doctor --data-dir ./data")
    _audit_command(commands)
    _command(commands, warmup, "compile the analysis once and exit", (), "warmup")
    return parser


def _scan_command(commands: Commands) -> None:
    examples = ("scan", "scan --timeframe 1h --watchlist BTC,ETH", "scan --mode trend")
    recorded = "scan --feed files:./candles --at 2024-04-15T12:00Z --json > scan.json"
    what = "analyze every symbol of the watchlist once"
    parser = _command(commands, scan, what, (*FEED, "watchlist"), *examples, recorded)
    modes = "market: two timeframes and a decision (the default); trend: six votes on one timeframe"
    parser.add_argument("--mode", choices=("market", "trend"), default="market", help=modes)
    parser.add_argument("--timeframe", choices=TIMEFRAMES, default="4h", help="the (middle) timeframe; default 4h")
    parser.add_argument("--json", action="store_true", help="print JSON, as is done when the output is no terminal")


def _analyze_command(commands: Commands) -> None:
    examples = ("analyze BTC", "analyze ETH --mtf 1h --htf 4h --explain", "analyze SOLUSDT --plot sol.html")
    parser = _command(commands, analyze, "analyze one market over two timeframes", FEED, *examples)
    parser.add_argument("symbol", metavar="SYMBOL", help="BTC, BTCUSDT and BTC/USDT mean the same")
    parser.add_argument("--mtf", choices=TIMEFRAMES, default="4h", help="the middle timeframe; default 4h")
    parser.add_argument("--htf", choices=TIMEFRAMES, help="the higher timeframe; the default goes with --mtf")
    parser.add_argument("--explain", action="store_true", help="show the seven levels and the verdict of each")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw a chart: FILE.html (interactive) or FILE.png")


def _audit_command(commands: Commands) -> None:
    what = "prove that nothing in the record of events was changed or removed"
    examples = ("audit verify", "audit verify --data-dir ./data")
    parser = _command(commands, audit, what, ("config", "data_dir"), *examples)
    parser.add_argument("act", metavar="verify", choices=("verify",), help="read the whole record; 0: it is whole")


def _command(
    commands: Commands, run: Callable[[Namespace], int], what: str, keys: Iterable[str], *examples: str
) -> ArgumentParser:
    """A command named after the function that runs it, with an option for each of these settings."""
    parser = commands.add_parser(
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


def settings_of(options: Namespace) -> Settings:
    """The settings under these options. Raises `ConfigError`."""
    return Settings(_spelled=option, **_given(options))


def _given(options: Namespace) -> dict[str, object]:
    return {key: value for key, value in vars(options).items() if key in Settings.model_fields}


def serve(options: Namespace) -> int:
    from opentrader.daemon import logs
    from opentrader.daemon.serve import run

    settings = settings_of(options)
    logs.begin(settings.log_level)
    if settings.at is not None or isinstance(settings.feed, FilesChoice):
        from opentrader.cli import notes as remarks

        _remark(remarks.of_start(settings, round(time.time() * 1000)))
    return run(settings)


def scan(options: Namespace) -> int:
    return _scan_trend(options) if options.mode == "trend" else _scan_market(options)


def _scan_market(options: Namespace) -> int:
    from opentrader import research
    from opentrader.cli import notes as remarks
    from opentrader.cli import tables

    settings = settings_of(options)
    _compile_once()
    with _progress("Reading markets", len(settings.watchlist)) as advance:
        found, readings = research.scan_market(options.timeframe, settings=settings, progress=advance)
    if _wants_json(options):
        _print_json(found)
    else:
        console = _console()
        console.print(tables.market_table(found, readings, width=console.width))
    _remark(remarks.of_readings(settings, readings))
    return 0 if readings else 1


def _scan_trend(options: Namespace) -> int:
    from opentrader import research
    from opentrader.cli import notes as remarks
    from opentrader.cli import tables

    settings = settings_of(options)
    _compile_once()
    with _progress("Reading markets", len(settings.watchlist)) as advance:
        found = research.scan_trend(options.timeframe, settings=settings, progress=advance)
    if _wants_json(options):
        _print_json(found)
    else:
        _console().print(tables.trend_table(found))
    _remark(remarks.of_readings(settings, []))
    return 0 if found.results else 1


def analyze(options: Namespace) -> int:
    from opentrader import research
    from opentrader.cli import notes as remarks

    settings = settings_of(options)
    draw = _drawer(options.plot, settings)
    _compile_once()
    with _progress(f"Reading {options.symbol}", 1):
        reading = research.read_market(options.symbol, options.mtf, options.htf, settings=settings)
    draw(reading)
    _show(options, reading, settings)
    _remark(remarks.of_readings(settings, [reading]))
    return 0


def _drawer(path: Path | None, settings: Settings) -> Callable[[Reading], None]:
    """What draws the chart that was asked for. Raises for one that cannot be drawn, before any work is done."""
    if path is None:
        return lambda _reading: None
    from opentrader.cli.plot import drawer
    from opentrader.cli.tables import market_name

    return drawer(path, market_name(settings))


def _show(options: Namespace, reading: Reading, settings: Settings) -> None:
    from opentrader import research
    from opentrader.cli import tables

    explain = research.explain(reading.context)
    if options.json:
        _print_json(explain if options.explain else reading.context)
        return
    console = _console()
    console.print(tables.context_panel(reading, source=str(settings.feed)))
    if options.explain:
        console.print(tables.levels_table(explain))
    if options.plot is not None:
        console.print(f"The chart is in {options.plot}")


def check_config(options: Namespace) -> int:
    from opentrader.cli.tables import settings_table

    try:
        _console().print(settings_table(settings_of(options).origins()))
    except ConfigError as error:
        refused = {line.split()[0] for line in error.detail.splitlines()}  # each begins with the name of its setting
        _console().print(settings_table(as_given(_spelled=option, **_given(options)), refused))
        raise ConfigError(error.detail) from None
    return 0


def doctor(options: Namespace) -> int:
    from opentrader.cli.checks import examine, refused
    from opentrader.cli.tables import finding

    console, failed = _console(), False
    try:
        checks = examine(settings_of(options))
    except ConfigError as error:
        checks = iter([refused(error)])
    for check in checks:
        console.print(finding(check))
        failed = failed or check.verdict == "fail"
    return int(failed)


def audit(options: Namespace) -> int:
    from opentrader.store.verification import verify_audit

    folder = settings_of(options).data_dir
    report = verify_audit(folder)
    if report is None:
        raise NotFound(f"there is no store in {folder}", hint="Name its folder with --data-dir.")
    print("\n".join((f"{report.events} events; the hash of the last is {report.head}", *report.faults)))
    return 1 if report.faults else 0


def warmup(options: Namespace) -> int:
    console = _console(stderr=True)
    _compile_once(lambda name: console.print(f"compiling: {name}"))
    print("The analysis is compiled.")
    return 0


def _compile_once(report: Callable[[str], None] = lambda _name: None) -> None:
    """Compile the analysis if that was not done yet. A terminal is told, for it takes half a minute or more."""
    from opentrader.jit.kernels import fill_cache, is_cached

    if not is_cached():
        with _console(stderr=True).status("Compiling the analysis; this happens once."):
            fill_cache(report)


@contextmanager
def _progress(title: str, total: int) -> Iterator[Callable[[str], None]]:
    """A progress bar on stderr, if that is a terminal; what is yielded moves it on by one."""
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    console = _console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task(title, total=total)
        yield lambda symbol: bar.update(task, advance=1, description=f"{title}: {symbol}")


def _remark(lines: Iterable[str]) -> None:
    """On stderr, so that what is piped stays what it is."""
    for line in lines:
        print(line, file=sys.stderr)


def _wants_json(options: Namespace) -> bool:
    return bool(options.json) or not sys.stdout.isatty()


def _print_json(value: object) -> None:
    import orjson

    sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    sys.stdout.flush()


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, highlight=False)


def _as_told_here(error: OpentraderError, options: Namespace) -> OpentraderError:
    """The same error in the words of the command line."""
    if isinstance(error, InvalidInput):
        return OpentraderError("\n".join(map(_as_option, error.faults)))
    if isinstance(error, SymbolNotFound):
        return SymbolNotFound(error.detail, hint=f"This feed lists {', '.join(_listed(settings_of(options)))}.")
    return error


def _as_option(fault: Fault) -> str:
    names = {"mtf_tf": "--mtf", "htf_tf": "--htf", "plot": "--plot"}
    name = str(fault.loc[0])
    return f"{names.get(name, name)}: {fault.msg.replace('mtf_tf', names['mtf_tf'])}"


def _listed(settings: Settings) -> list[str]:
    from opentrader.research import open_market

    return sorted(listing.name for listing in open_market(settings).feed.listings().values())


def _complain(error: OpentraderError) -> None:
    lines = error.detail.splitlines()
    print(f"opentrader: {lines[0]}" if len(lines) == 1 else "\n  ".join(("opentrader:", *lines)), file=sys.stderr)
    if error.hint:
        print(error.hint, file=sys.stderr)

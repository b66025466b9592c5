"""The commands: each reads its settings, calls another package, and prints the result.

A command imports heavy packages (numba, plotly, the daemon) itself, and returns its exit status.
"""

from __future__ import annotations

import time
from argparse import Namespace
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from opentrader.cli import terminal
from opentrader.config.settings import Settings, as_given
from opentrader.config.sources import option
from opentrader.errors import ConfigError, NotFound
from opentrader.feed import FilesChoice

if TYPE_CHECKING:
    from opentrader.research import Reading


def settings_of(options: Namespace) -> Settings:
    """The settings with these options. Raises `ConfigError`."""
    return Settings(_spelled=option, **_given(options))


def _given(options: Namespace) -> dict[str, object]:
    return {key: value for key, value in vars(options).items() if key in Settings.model_fields}


def serve(options: Namespace) -> int:
    from opentrader.daemon import logs
    from opentrader.daemon.serve import run

    settings = settings_of(options)
    logs.begin(settings.log_level)
    if settings.at is not None or isinstance(settings.feed, FilesChoice):
        from opentrader.cli import notes

        terminal.note(notes.of_start(settings, round(time.time() * 1000)))
    return run(settings)


def scan(options: Namespace) -> int:
    return _scan_trend(options) if options.mode == "trend" else _scan_market(options)


def _scan_market(options: Namespace) -> int:
    from opentrader import research
    from opentrader.cli import notes, tables

    settings = settings_of(options)
    _compile_once()
    with terminal.progress("Reading markets", len(settings.watchlist)) as advance:
        found, readings = research.scan_market(options.timeframe, settings=settings, progress=advance)
    if terminal.wants_json(options.json):
        terminal.print_json(found)
    else:
        console = terminal.console()
        console.print(tables.market_table(found, readings, width=console.width))
    terminal.note(notes.of_readings(settings, readings))
    return 0 if readings else 1


def _scan_trend(options: Namespace) -> int:
    from opentrader import research
    from opentrader.cli import notes, tables

    settings = settings_of(options)
    _compile_once()
    with terminal.progress("Reading markets", len(settings.watchlist)) as advance:
        found = research.scan_trend(options.timeframe, settings=settings, progress=advance)
    if terminal.wants_json(options.json):
        terminal.print_json(found)
    else:
        terminal.console().print(tables.trend_table(found))
    terminal.note(notes.of_readings(settings, []))
    return 0 if found.results else 1


def analyze(options: Namespace) -> int:
    from opentrader import research
    from opentrader.cli import notes

    settings = settings_of(options)
    draw = _drawer(options.plot, settings)
    _compile_once()
    with terminal.progress(f"Reading {options.symbol}", 1):
        reading = research.read_market(options.symbol, options.mtf, options.htf, settings=settings)
    draw(reading)
    _show(options, reading, settings)
    terminal.note(notes.of_readings(settings, [reading]))
    return 0


def _drawer(path: Path | None, settings: Settings) -> Callable[[Reading], None]:
    """The function that draws the requested chart. Raises before any work if the chart cannot be drawn."""
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
        terminal.print_json(explain if options.explain else reading.context)
        return
    console = terminal.console()
    console.print(tables.context_panel(reading, source=str(settings.feed)))
    if options.explain:
        console.print(tables.levels_table(explain))
    if options.plot is not None:
        console.print(f"The chart is in {options.plot}")


def check_config(options: Namespace) -> int:
    from opentrader.cli.tables import settings_table

    try:
        terminal.console().print(settings_table(settings_of(options).origins()))
    except ConfigError as error:
        refused = {
            line.split()[0] for line in error.detail.splitlines()
        }  # each line begins with the name of its setting
        terminal.console().print(settings_table(as_given(_spelled=option, **_given(options)), refused))
        raise ConfigError(error.detail) from None
    return 0


def doctor(options: Namespace) -> int:
    from opentrader.cli.checks import examine, refused
    from opentrader.cli.tables import finding

    console, failed = terminal.console(), False
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
    with terminal.console(stderr=True).status("verifying the events") as status:
        report = verify_audit(folder, lambda done, total: status.update(f"verified {done:,} of {total:,} events"))
    if report is None:
        raise NotFound(f"no store in {folder}", hint="Name the data folder with --data-dir.")
    verdict = report.faults or ("complete and unchanged",)
    print("\n".join((f"{report.events} events; hash of the last: {report.head}", *verdict)))
    return 1 if report.faults else 0


def warmup(options: Namespace) -> int:
    console = terminal.console(stderr=True)
    _compile_once(lambda name: console.print(f"compiling: {name}"))
    print("The kernels are compiled.")
    return 0


def _compile_once(report: Callable[[str], None] = lambda _name: None) -> None:
    """Compile the kernels if they are not cached, with a status line: it takes half a minute or more."""
    from opentrader.jit.kernels import fill_cache, is_cached

    if not is_cached():
        with terminal.console(stderr=True).status("Compiling the kernels; this happens once."):
            fill_cache(report)

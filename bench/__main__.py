"""The command: measure rows, show the table, keep it, compare it."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace, RawDescriptionHelpFormatter
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench import catalog, comparison, document, machine, report, runner
from bench.row import Row

_DESCRIPTION = """\
Measure what the product claims. Every figure is a ratio to an anchor measured in turns with it, in the same run;
the absolute values are shown beside it. A row is `met` when all its figures reach their targets."""
_EXAMPLES = """\
examples:
  python -m bench                            every row (some minutes); `make bench` keeps the result
  python -m bench P1 P3                      two of them; `series` and `candle` are the same two
  python -m bench P5 --compare build/bench.json
                                             exit status 1 if a figure got worse by more than a fifth
  python -m bench --long P16                 a million events instead of a hundred thousand

exit status: 0 measured, 1 a row failed or got slower, 2 wrong use. A target that is not reached is no failure."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command and return its exit status."""
    options = _parser().parse_args(arguments)
    console = Console(stderr=True, highlight=False)
    try:
        if options.list:
            return _list()
        before = None if options.compare is None else document.read(options.compare)
        return _measure(options, catalog.rows(options.rows), before, console)
    except (catalog.UnknownRow, document.NotADocument) as error:
        console.print(f"bench: {error}", markup=False)
        return 2
    except ModuleNotFoundError as error:
        console.print(f"bench: {error.name} is not installed; `make .venv/ready-test` installs the anchors")
        return 2
    except KeyboardInterrupt:
        return 130


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="python -m bench",
        description=_DESCRIPTION,
        epilog=_EXAMPLES,
        formatter_class=RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("rows", metavar="ROW", nargs="*", help="P1, P2 ... or a name that --list shows; default all")
    parser.add_argument("--list", action="store_true", help="show the rows and what each measures")
    parser.add_argument(
        "--long", action="store_true", help="also what takes minutes (P14, P15, P16, P18), and more of K14 and K15"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="keep the result as JSON")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="keep the table as Markdown")
    parser.add_argument("--compare", type=Path, metavar="FILE", help="compare with an earlier JSON, and fail if slower")
    parser.add_argument("--scratch", type=Path, metavar="DIR", default=Path("build/bench"), help=_SCRATCH)
    return parser


_SCRATCH = "a folder on the disk to measure, for data that is thrown away; default build/bench"


def _list() -> int:
    for row in catalog.rows():
        print(f"{row.key:4} {catalog.short_name(row.key):15} {row.what}")
    return 0


def _measure(options: Namespace, rows: list[Row], before: document.Document | None, console: Console) -> int:
    described = machine.described()
    results = tuple(runner.measured(rows, options.scratch, console, long=options.long))
    now = document.Document(described, **machine.stamped(), results=results)
    _keep(options, now)
    out = Console(highlight=False)
    if out.is_terminal:
        report.show(out, now)
    else:
        print(report.markdown(now))
    failed = any(result.failure for result in results)
    return int(_compared(before, now) or failed)


def _keep(options: Namespace, now: document.Document) -> None:
    for path, text in ((options.json, document.encoded(now)), (options.markdown, report.markdown(now).encode())):
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)


def _compared(before: document.Document | None, now: document.Document) -> bool:
    """Show what changed; whether anything got worse."""
    found = [] if before is None else list(comparison.changes(before, now))
    for change in found:
        print(change)
    return any(change.regressed for change in found)


if __name__ == "__main__":
    sys.exit(main())

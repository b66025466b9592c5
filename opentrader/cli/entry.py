"""The command line: `opentrader serve | scan | analyze | check-config | doctor | audit | warmup`.

Exit status: 0 success, 1 failure, 2 wrong usage or invalid settings.
"""

from __future__ import annotations

import logging
import os
import sys
from argparse import Namespace
from collections.abc import Sequence

from opentrader.cli import terminal
from opentrader.cli.commands import settings_of
from opentrader.cli.parser import make_parser
from opentrader.config.settings import Settings
from opentrader.errors import ConfigError, Fault, InvalidInput, OpentraderError, SymbolNotFound


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
        terminal.complain(_as_told_here(error, options))
        return 2 if isinstance(error, ConfigError | InvalidInput) else 1
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:  # `opentrader scan | head` closes the pipe early
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def _as_told_here(error: OpentraderError, options: Namespace) -> OpentraderError:
    """The same error, with command-line options in place of API parameters."""
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

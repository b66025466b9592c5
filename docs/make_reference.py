#!/usr/bin/env python3
"""Write the tables of docs/configuration.md and docs/cli.md anew, from the settings and the command line themselves.

    python docs/make_reference.py

A test runs it on the files as they are and finds nothing to change.
"""

from __future__ import annotations

import re
from argparse import SUPPRESS, Action, ArgumentParser
from collections.abc import Callable, Iterator
from pathlib import Path

from opentrader.cli.parser import DAEMON, make_parser
from opentrader.config.settings import Settings
from opentrader.config.sources import option, variable

DOCS = Path(__file__).resolve().parent


def settings_table() -> str:
    """Every setting: how it is spelled in each place, its default, what it does."""
    rows = ["| key in the file | environment | option | default | |", "|---|---|---|---|---|"]
    for key, field in Settings.model_fields.items():
        spelled = f"`{option(key)}`" if key in DAEMON else ""
        rows.append(f"| `{key}` | `{variable(key)}` | {spelled} | {_default(key)} | {field.description} |")
    return "\n".join(rows)


def _default(key: str) -> str:
    field = Settings.model_fields[key]
    if field.default_factory is not None:
        return "the platform's folder for user data"
    if field.default is None:
        return ""
    value = ",".join(field.default) if isinstance(field.default, tuple) else str(field.default)
    return f"`{value.lower() if isinstance(field.default, bool) else value}`"


def commands() -> str:
    """Every command: what it does, its options, examples."""
    return "\n\n".join(_command(parser) for parser in _parsers(make_parser()))


def _parsers(parser: ArgumentParser) -> Iterator[ArgumentParser]:
    for action in parser._actions:
        if isinstance(action.choices, dict):
            yield from action.choices.values()


def _command(parser: ArgumentParser) -> str:
    rows = [f"| {_spelled(action)} | {_about(action)} |" for action in parser._actions if action.dest != "help"]
    table = ["| | |", "|---|---|", *rows, ""] if rows else []
    examples = str(parser.epilog).splitlines()[1:]
    return "\n".join(
        (f"## {parser.prog}", "", str(parser.description), "", *table, "```sh", *map(str.strip, examples), "```")
    )


def _spelled(action: Action) -> str:
    name = ", ".join(action.option_strings)
    value = "" if action.nargs == 0 else (action.metavar or "\\|".join(action.choices or ()))
    return f"`{name} {value}`".replace("` ", "`").replace(" `", "`")


def _about(action: Action) -> str:
    text = str(action.help).replace("%%", "%")
    has_default = action.option_strings and action.default not in (None, False, SUPPRESS) and "default" not in text
    return f"{text} (default {action.default})" if has_default else text


SECTIONS: dict[str, Callable[[], str]] = {"configuration.md": settings_table, "cli.md": commands}


def renewed(name: str, text: str) -> str:
    """The text of a document with its generated part made anew."""
    made = SECTIONS[name]()
    mark = re.compile(r"(<!-- generated -->\n).*(<!-- end -->)", re.DOTALL)
    return mark.sub(lambda match: f"{match[1]}{made}\n{match[2]}", text)


if __name__ == "__main__":
    for name in SECTIONS:
        path = DOCS / name
        path.write_text(renewed(name, path.read_text(encoding="utf-8")), encoding="utf-8")

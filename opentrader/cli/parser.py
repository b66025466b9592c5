"""A command line parser that says what was meant where a word is nearly right."""

from __future__ import annotations

import re
from argparse import ArgumentParser
from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import NoReturn

_WRONG = re.compile(r"(?:invalid choice: '|unrecognized arguments: )(?P<word>[\w-]+)")


class Parser(ArgumentParser):
    def error(self, message: str) -> NoReturn:
        """Print what is wrong and exit with 2."""
        super().error(message + _meant(message, _spelled(self)))


def _meant(message: str, options: Iterable[str]) -> str:
    """The choice or the option that a word of argparse's complaint comes close to."""
    wrong = _WRONG.search(message)
    choices = re.findall(r"[\w-]+", message.partition("(choose from")[2]) or list(options)
    close = wrong and get_close_matches(wrong["word"].replace("_", "-"), choices, n=1, cutoff=0.7)
    return f"; did you mean {close[0]}?" if close else ""


def _spelled(parser: ArgumentParser) -> Iterator[str]:
    """The options of a parser and of its commands: what is left over is reported by the outermost one."""
    for action in parser._actions:
        yield from action.option_strings
        if isinstance(action.choices, dict):
            for command in action.choices.values():
                yield from _spelled(command)

"""Text that somebody else wrote, made fit to be shown: printable, of a bounded length, with nothing to click on."""

from __future__ import annotations

import re

_JOINER = "\u200d"  # invisible, but it holds an emoji of several parts together
_SCHEME = re.compile(r"(?<=\w):(?=//)|(?<=\btg):|(?<=\bton):", re.IGNORECASE)
_DOT = re.compile(r"(?<=\w)[.\u3002\uff0e\uff61](?=[^\W\d_]{2})")  # before what may be a top-level domain
_COMMAND = re.compile(r"(?<![\w/])/(?=\w)")
_MENTION = re.compile(r"@(?=\w)")


def one_line(text: str, longest: int) -> str:
    """The printable characters on one line, whitespace collapsed, `longest` characters at most.

    Control and format characters go: among them are those that turn the direction of writing, with which a text can
    be shown in another order than it is stored.
    """
    words = " ".join(text.split())
    return shortened("".join(c for c in words if c.isprintable() or c == _JOINER), longest)


def shortened(text: str, longest: int) -> str:
    """The text, or as much of it as fits, with an ellipsis for the rest."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def defanged(text: str) -> str:
    """The same to read, but no client makes a link, a mention or a command of any part of it."""
    dead = _SCHEME.sub("[:]", text)
    dead = _DOT.sub("[.]", dead)
    return _MENTION.sub("@ ", _COMMAND.sub("/ ", dead))

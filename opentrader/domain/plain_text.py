"""Makes untrusted text safe to display: printable, bounded in length, with nothing to click on."""

from __future__ import annotations

import re

_JOINER = "\u200d"  # invisible; joins the parts of an emoji
_SCHEME = re.compile(r"(?<=\w):(?=//)|(?<=\btg):|(?<=\bton):", re.IGNORECASE)
_DOT = re.compile(r"(?<=\w)[.\u3002\uff0e\uff61](?=[^\W\d_]{2})")  # before what may be a top-level domain
_COMMAND = re.compile(r"(?<![\w/])/(?=\w)")
_MENTION = re.compile(r"@(?=\w)")


def one_line(text: str, longest: int) -> str:
    """The printable characters on one line, whitespace collapsed, `longest` characters at most.

    Control and format characters are removed; some of them change the direction of writing, so that a text is
    displayed in another order than it is stored.
    """
    words = " ".join(text.split())
    return shortened("".join(c for c in words if c.isprintable() or c == _JOINER), longest)


def shortened(text: str, longest: int) -> str:
    """The text, cut to `longest` characters with an ellipsis if it is longer."""
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def defanged(text: str) -> str:
    """The text in a form that no chat client turns into a link, a mention or a command."""
    inert = _SCHEME.sub("[:]", text)
    inert = _DOT.sub("[.]", inert)
    return _MENTION.sub("@ ", _COMMAND.sub("/ ", inert))

"""What an agent says to the operator: untrusted text, which must never pass for a word of the daemon's own."""

from __future__ import annotations

from opentrader.domain.plain_text import defanged, one_line

LONGEST = 4096  # of one Telegram message, in UTF-16 code units
_QUOTED = "| "


def notice(text: str, agent: str | None) -> tuple[str, ...]:
    """The text as one or more messages, each saying who speaks.

    Every line starts with that name or with a bar, so that no line of it can begin as an approval request does.
    """
    who = f"[agent:{defanged(one_line(agent, 32))}] " if agent else "[agent] "
    lines = [defanged(one_line(line, len(line))) for line in text.splitlines()]
    room = LONGEST - units(who) - 1
    # Once more for each piece: the end of a word may have become a command by the cut, and takes one character then.
    return tuple(who + defanged(piece) for piece in _pieces(f"\n{_QUOTED}".join(lines), room))


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def _pieces(text: str, room: int) -> list[str]:
    """The text cut into parts of at most `room` units, at least one; no part starts with a line of its own."""
    parts: list[str] = []
    part, used = "", 0
    for character in text:
        if used + units(character) > room:
            parts, part, used = [*parts, part], "", 0
        part, used = part + character, used + units(character)
    return [*parts, part]

"""Messages of agents to the operator: untrusted text that must never look like a message of the daemon."""

from __future__ import annotations

from opentrader.domain.plain_text import defanged, one_line

LONGEST = 4096  # of one Telegram message, in UTF-16 code units
_QUOTED = "| "


def notice(text: str, agent: str | None) -> tuple[str, ...]:
    """The text as one or more messages, each prefixed with the name of the agent.

    Every line starts with that name or with a bar, so that no line can look like an approval request.
    """
    who = f"[agent:{defanged(one_line(agent, 32))}] " if agent else "[agent] "
    lines = [defanged(one_line(line, len(line))) for line in text.splitlines()]
    room = LONGEST - units(who) - 1
    # Again for each piece: cutting a word can leave a command at the start, and defanging adds one character.
    return tuple(who + defanged(piece) for piece in _pieces(f"\n{_QUOTED}".join(lines), room))


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def _pieces(text: str, room: int) -> list[str]:
    """The text cut into parts of at most `room` units; at least one part."""
    parts: list[str] = []
    part, used = "", 0
    for character in text:
        if used + units(character) > room:
            parts, part, used = [*parts, part], "", 0
        part, used = part + character, used + units(character)
    return [*parts, part]

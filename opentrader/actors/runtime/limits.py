"""Limits of the actor runtime: how much may wait, and for how long."""

from __future__ import annotations

from dataclasses import dataclass

# A loop may fire a timer this many seconds early: uvloop counts whole milliseconds. Code that then found nothing due
# would be called again immediately, until the millisecond is over.
EARLY = 0.001


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the actor runtime. Counts are per actor; durations are seconds."""

    inbox: int = 1000  # requests waiting in one mailbox
    unanswered: int = 1000  # requests from outside that an actor has taken and not answered yet
    deferred: int = 64  # requests waiting for one exclusive key
    deaths: int = 3  # crashes of one actor within the window that are too many
    window_seconds: float = 60.0
    pause_seconds: float = 5.0  # before an actor that crashed too often starts again; doubled at each further crash
    longest_pause_seconds: float = 600.0
    start_seconds: float = 30.0  # from the start of a life to the reply to its ping
    stuck_seconds: float = 5.0  # a handler that runs longer is reported as stuck
    stop_seconds: float = 2.0  # for coroutines in progress to end, and then for the running handler

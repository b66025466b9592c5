"""How much may wait, and how long."""

from __future__ import annotations

from dataclasses import dataclass

# A loop may call a timer this much before its time, in seconds: uvloop counts whole milliseconds. Whoever then
# found nothing due would be called again at once, until the millisecond is over.
EARLY = 0.001


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the actor runtime. Counts are per actor; durations are seconds."""

    inbox: int = 1000  # requests waiting in one mailbox
    deferred: int = 64  # requests waiting for one exclusive key
    deaths: int = 3  # of any actors, within the window: too many
    window_seconds: float = 60.0
    start_seconds: float = 30.0  # from the start of a life to the answer to its ping
    stuck_seconds: float = 5.0  # a handler that runs longer is reported
    stop_seconds: float = 2.0  # for coroutines under way to end, and then for the handler in hand

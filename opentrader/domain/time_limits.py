"""How long one part of the daemon waits for another: one table, because the limits depend on each other's order.

The inner limit is always the shorter one. Then the error that reaches the caller comes from the part that knows what
happened, and not from an outer wait that knows only that time ran out. The actor runtime has its own limits
(`actors.runtime.limits`), which a table of this system could not hold.

Limits of one connection alone, such as how long an HTTP client may take to send a header, stay where they are used.
"""

from __future__ import annotations

# --- A request, from outside to inside. All in seconds.

REQUEST_SECONDS = 300.0  # any request to an actor: then `timeout`, while the work goes on
SCAN_SECONDS = 290.0  # one question of a scan: a slow symbol is listed in `failed`, and the scan still answers
ENTRY_SECONDS = 280.0  # until an entry is protected, rests or has failed: the error names the intent
CLOSE_SECONDS = 280.0  # until a position is closed: `closeall` lists in `failed` the ones that are not
PENDING_SECONDS = 280.0  # until pending entries have been checked, recovered or cancelled
LOOKUP_SECONDS = 60.0  # one question of PositionManager: candles for a trailing stop, a check of recovered trades
APPROVAL_SECONDS = 5.0  # until a request for approval has left: then the signal is stored as `telegram_failed`
TELEGRAM_SECONDS = 4.0  # one call of Telegram's bot API

# --- News. In seconds.

FEED_SECONDS = 10.0  # one news feed, read in the background
NEWS_SECONDS = 3.0  # a caller who waits for feeds: then it gets the items known so far

# --- Start and health. In seconds.

STARTUP_SECONDS = 30.0  # a request that arrives while the daemon starts: then `not_ready`
HEALTH_SECONDS = 2.0  # a health check during the start or a restart of an actor; container probes wait 4
FIRST_READ_SECONDS = 2.0  # the first read of the account: a venue that does not answer delays the start no longer
STUCK_SECONDS = 25.0  # after the runtime has reported a stuck handler: then the daemon exits for a restart

# --- An order on its way to the venue. In milliseconds of market time.

LATE_MS = 2_500  # an effect that was committed longer ago is not sent: the venue would refuse it
RECV_WINDOW_MS = 3_000  # a request that the venue receives later than this after its timestamp is refused

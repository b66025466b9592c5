"""The order lifecycle: a pure function from the stored trade and a read of the venue to the next effect.

    row -> function (`decide`)
    1 planned               2 quarantine            3 close_in_flight        4 reason (`reasons`)
    5 entry_unwanted        6 entry_in_flight       7 nothing_held           8 too_little_to_protect
    9 closing              10 `sizing.size`        11 unprotected           12 exit_unresolved
   13 two_exits           13a exit_at_work         14 replacement_begun, replacement_done
   15 wrong_size           15a move                16 trail

Step 1 (`fold`, `reply`) learns, step 2 (`decide`) chooses at most one effect, step 3 (`label`) names the state.
Only spot long is offered; apart from the side of an intent, the records do not depend on the direction.
"""

from .commands import booted, cancel_entry, close, drop, faulted, move, trail
from .looking import next_poll, watch
from .rebuild import Rebuilt, ended, holding, joined, rebuilt, restored
from .records import Alert, Intent, Label, Leg, Trade, planned
from .reply import answered
from .reports import own_fills
from .settings import BINANCE, LifecycleSettings
from .stray import stray_sale
from .tick import Ticked, considered, tick
from .worth import matters

__all__ = [
    "BINANCE",
    "Alert",
    "Intent",
    "Label",
    "Leg",
    "LifecycleSettings",
    "Rebuilt",
    "Ticked",
    "Trade",
    "answered",
    "booted",
    "cancel_entry",
    "close",
    "considered",
    "drop",
    "ended",
    "faulted",
    "holding",
    "joined",
    "matters",
    "move",
    "next_poll",
    "own_fills",
    "planned",
    "rebuilt",
    "restored",
    "stray_sale",
    "tick",
    "trail",
    "watch",
]

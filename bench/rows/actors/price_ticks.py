"""P9: from a price to the soft stops of many positions. Nothing does that yet."""

from bench.row import Row

ROW = Row(
    "P9",
    what="price tick -> soft stop, soft target, watchdog over 1000 open positions",
    anchor="a plain Python loop",
    target=">= 50x; a tick that touches k positions costs O(k)",
    absent="prices are polled, one trade at a time: there is no path from a tick to all positions",
)

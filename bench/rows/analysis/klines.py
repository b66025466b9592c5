"""P4: from the bytes of a venue to the analysis. Nothing reads such bytes yet."""

from bench.row import Row

ROW = Row(
    "P4",
    what="klines bytes off the wire (2 x 500 candles) -> analysis",
    anchor="orjson + numpy + TA-Lib",
    target=">= 7x",
    absent="no feed of a live venue yet, and so no parser of its candles",
)

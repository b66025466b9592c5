#!/usr/bin/env python3
"""Make the pictures of the documents from recorded candles: docs/scan.svg and docs/analyze-btc.png.

    python docs/make_captures.py DIR

DIR holds files like BTCUSDT-4h.csv.gz. The instant is fixed, so the same candles give the same pictures.
"""

from __future__ import annotations

import io
import re
import sys
from pathlib import Path

from rich.console import Console
from rich.terminal_theme import TerminalTheme

from opentrader import research
from opentrader.cli import plot, tables
from opentrader.config.settings import Settings

DOCS = Path(__file__).resolve().parent
AT = "2024-04-15T12:00Z"
WIDTH = 140

# The colours of the charts, so that a page with both looks like one thing.
THEME = TerminalTheme(
    (15, 20, 28),
    (230, 237, 243),
    [
        (15, 20, 28),
        (239, 83, 80),
        (38, 166, 154),
        (227, 179, 65),
        (110, 168, 254),
        (198, 120, 221),
        (86, 182, 194),
        (139, 152, 169),
    ],
)


def without_addresses(svg: str) -> str:
    """The picture without the fonts and the credit that rich links to: a reader's own font serves."""
    return re.sub(r"@font-face \{[^}]*\}|<!--.*?-->", "", svg, flags=re.DOTALL)


def main(directory: str) -> None:
    settings = Settings(feed=f"files:{directory}", at=AT)
    scan, readings = research.scan_market(settings=settings)
    console = Console(record=True, width=WIDTH, file=io.StringIO(), highlight=False)
    console.print(tables.market_table(scan, readings, width=WIDTH))
    console.print()  # room below the last line
    picture = console.export_svg(title=f"opentrader scan --at {AT}", theme=THEME, unique_id="scan")
    (DOCS / "scan.svg").write_text(without_addresses(picture), encoding="utf-8")
    draw = plot.drawer(DOCS / "analyze-btc.png", tables.market_name(settings))
    draw(next(reading for reading in readings if reading.context.symbol == "BTC"))


if __name__ == "__main__":
    main(*sys.argv[1:])

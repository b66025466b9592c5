"""A page is one file that asks nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from opentrader.cli import plot
from opentrader.research import Reading

AT = "2024-04-15T12:00Z"


MARKET = "simulated market"


def test_a_page_is_one_file_that_asks_nobody(reading: Reading, tmp_path: Path) -> None:
    pytest.importorskip("plotly", reason="an HTML chart needs the extra `plot`")
    path = tmp_path / "btc.html"
    plot.drawer(path, MARKET)(reading)
    page = path.read_text(encoding="utf-8")
    assert re.findall(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=", page) == []
    assert "Plotly.newPlot" in page
    assert "BTC · 4h in 1d" in page
    assert "simulated market" in page
    assert '"text":"volume"' in page
    first = path.read_bytes()
    plot.drawer(path, MARKET)(reading)
    assert path.read_bytes() == first

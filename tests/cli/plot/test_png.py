"""A picture: the same each time, and refused beforehand where it cannot be drawn."""

from __future__ import annotations

from pathlib import Path

import pytest

from opentrader.cli import plot
from opentrader.research import Reading

AT = "2024-04-15T12:00Z"


MARKET = "simulated market"


PNG = b"\x89PNG\r\n\x1a\n"


def test_a_picture_is_the_same_each_time(reading: Reading, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib", reason="a PNG needs the extra `plot`")
    one, two = tmp_path / "one.png", tmp_path / "two.PNG"
    plot.drawer(one, MARKET)(reading)
    plot.drawer(two, MARKET)(reading)
    assert one.read_bytes().startswith(PNG)
    assert one.read_bytes() == two.read_bytes()

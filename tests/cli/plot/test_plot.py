"""A chart is written where it was asked for, or refused before any work."""

from __future__ import annotations

from pathlib import Path

import pytest

from opentrader.cli import plot
from opentrader.errors import ConfigError, InvalidInput
from opentrader.research import Reading

AT = "2024-04-15T12:00Z"


MARKET = "simulated market"


def test_an_ending_that_is_no_chart_is_refused_before_any_work() -> None:
    with pytest.raises(InvalidInput, match=r"should end in \.html or \.png"):
        plot.drawer(Path("btc.pdf"), MARKET)


@pytest.mark.parametrize(("ending", "library"), [(".png", "matplotlib"), (".html", "plotly")])
def test_a_chart_without_its_library_is_refused_before_any_work(
    monkeypatch: pytest.MonkeyPatch, ending: str, library: str
) -> None:
    monkeypatch.setattr(plot, "find_spec", lambda name: None if name == library else object())
    with pytest.raises(ConfigError, match=f"needs {library}") as refused:
        plot.drawer(Path(f"btc{ending}"), MARKET)
    assert "extra `plot`" in refused.value.hint


def test_a_file_that_cannot_be_written(reading: Reading, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="No such file or directory"):
        plot.drawer(tmp_path / "nowhere" / "btc.html", MARKET)(reading)

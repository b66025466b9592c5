"""Charts of one market: candles, swings, breaks of structure, the higher timeframe's range and the decision."""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from opentrader.errors import ConfigError, Fault, InvalidInput

if TYPE_CHECKING:
    from opentrader.research import Reading

_DRAWN_BY = {".html": "plotly", ".png": "matplotlib"}
_HINT = "install the extra `plot` (pinned in requirements.lock); the container image does not include it"


def drawer(path: Path, market: str) -> Callable[[Reading], None]:
    """A function that writes a chart to `path`: HTML (interactive, one file, offline) or PNG, by the file's suffix.

    `market` is the name of the market in the chart.

    Raises `InvalidInput` for another suffix and `ConfigError` when the library that draws it is missing, before any
    work. The returned function raises `ConfigError` when the file cannot be written.
    """
    ending = path.suffix.lower()
    if ending not in _DRAWN_BY:
        raise InvalidInput([Fault(("plot",), f"{path} should end in .html or .png", "value_error", input=str(path))])
    if find_spec(library := _DRAWN_BY[ending]) is None:
        raise ConfigError(f"a {ending} chart needs {library}", hint=_HINT)
    return lambda reading: _draw(reading, market, path, ending)


def _draw(reading: Reading, market: str, path: Path, ending: str) -> None:
    from opentrader.cli.plot.chart import chart_of

    chart = chart_of(reading, market)
    try:
        if ending == ".png":
            from opentrader.cli.plot import png

            png.write(chart, path)
        else:
            from opentrader.cli.plot import html

            html.write(chart, path)
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be written: {error.strerror}", hint="name a file in a folder of yours"
        ) from error

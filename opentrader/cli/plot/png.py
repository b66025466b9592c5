"""A chart as a PNG, drawn by matplotlib without a display."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import LineCollection, PolyCollection
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from opentrader.cli.plot.chart import BACKGROUND, BAND, DOWN, FAINT, GRID, PANEL, TEXT, UP, Chart
from opentrader.cli.plot.structure import Break
from opentrader.cli.tables import price
from opentrader.domain.analysis.candles import Candles
from opentrader.domain.timeframes import DAY_MS

SIZE_INCHES, DPI = (14, 8), 110


def write(chart: Chart, path: Path) -> None:
    """Draw `chart` and write it to `path`. The same chart gives the same bytes."""
    figure = Figure(figsize=SIZE_INCHES, dpi=DPI, facecolor=BACKGROUND)
    FigureCanvasAgg(figure)
    top, bottom = figure.subplots(
        2,
        1,
        sharex=True,
        gridspec_kw={
            "height_ratios": (5, 1),
            "hspace": 0.03,
            "left": 0.025,
            "right": 0.925,
            "top": 0.865,
            "bottom": 0.06,
        },
    )
    for axes in (top, bottom):
        _dress(axes)
    _candles(top, chart)
    _volume(bottom, chart)
    _levels(top, chart)
    _swings(top, chart)
    for item in chart.breaks:
        _break(top, chart, item)
    _last_price(top, chart)
    _frame(top, chart)
    _words(figure, chart)
    figure.savefig(path, format="png", facecolor=BACKGROUND, metadata={"Software": None})


def _dress(axes: Axes) -> None:
    axes.set_facecolor(PANEL)
    axes.grid(color=GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    axes.yaxis.tick_right()
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _place: price(value)))
    axes.tick_params(colors=FAINT, labelsize=9, length=0)
    for spine in axes.spines.values():
        spine.set_color(GRID)
    locator = AutoDateLocator(minticks=6, maxticks=12)  # type: ignore[no-untyped-call]  # matplotlib has no types
    axes.xaxis.set_major_locator(locator)
    axes.xaxis.set_major_formatter(ConciseDateFormatter(locator, show_offset=False))  # type: ignore[no-untyped-call]  # matplotlib has no types


def _days(chart: Chart, bar: int) -> float:
    """Matplotlib's date number of the middle of a bar."""
    return (chart.at_ms(bar) + chart.step_ms / 2) / DAY_MS


def _colours(candles: Candles) -> list[str]:
    return [UP if rises else DOWN for rises in candles.close >= candles.open]


def _candles(axes: Axes, chart: Chart) -> None:
    candles, half = chart.candles, 0.36 * chart.step_ms / DAY_MS
    x = np.array([_days(chart, bar) for bar in range(len(candles))])
    colours = _colours(candles)
    wicks = np.stack((np.stack((x, candles.low), 1), np.stack((x, candles.high), 1)), 1)
    axes.add_collection(LineCollection(list(wicks), colors=colours, linewidths=0.9))
    corners = [(x - half, candles.open), (x - half, candles.close), (x + half, candles.close), (x + half, candles.open)]
    bodies = np.stack([np.stack(corner, 1) for corner in corners], 1)
    axes.add_collection(PolyCollection(list(bodies), facecolors=colours, edgecolors=colours, linewidths=0.6))


def _volume(axes: Axes, chart: Chart) -> None:
    x = [_days(chart, bar) for bar in range(len(chart.candles))]
    axes.bar(x, chart.candles.volume, 0.72 * chart.step_ms / DAY_MS, color=_colours(chart.candles), alpha=0.55)
    axes.set_yticks([])
    axes.text(0.006, 0.86, "volume", transform=axes.transAxes, color=FAINT, fontsize=9, va="center")


def _levels(axes: Axes, chart: Chart) -> None:
    for zone in chart.zones:
        axes.axhspan(zone.low, zone.high, color=BAND, alpha=0.05, linewidth=0)
    for level in chart.levels:
        axes.axhline(level.value, color=level.colour, linewidth=1.1, linestyle=(0, (6, 4)), alpha=0.85)
        axes.annotate(
            level.label,
            (0.006, level.value),
            (0, -5 if level.is_below else 5),
            color=level.colour,
            fontsize=9,
            va="top" if level.is_below else "bottom",
            xycoords=axes.get_yaxis_transform(),
            textcoords="offset points",
            bbox={"facecolor": PANEL, "edgecolor": "none", "alpha": 0.75, "pad": 1},
        )


def _swings(axes: Axes, chart: Chart) -> None:
    for swing in chart.swings:
        side = 1 if swing.is_high else -1
        at = (_days(chart, swing.bar), swing.level)
        axes.annotate(
            "▾" if swing.is_high else "▴",
            at,
            (0, 4 * side),
            textcoords="offset points",
            ha="center",
            va="bottom" if swing.is_high else "top",
            color=FAINT,
            fontsize=9,
        )
        axes.annotate(
            swing.label,
            at,
            (0, 14 * side),
            textcoords="offset points",
            ha="center",
            va="bottom" if swing.is_high else "top",
            color=FAINT,
            fontsize=7.5,
        )


def _break(axes: Axes, chart: Chart, item: Break) -> None:
    """The broken level, from its swing to the candle that closed through it."""
    colour = UP if item.is_up else DOWN
    start, end = _days(chart, item.swing.bar), _days(chart, item.bar)
    axes.plot((start, end), (item.swing.level,) * 2, color=colour, linewidth=1.4, alpha=0.95)
    axes.annotate(
        {"bos": "BOS", "choch": "CHoCH"}[item.kind],
        (max((start + end) / 2, _days(chart, 2)), item.swing.level),
        (0, 3 if item.is_up else -3),
        textcoords="offset points",
        ha="center",
        va="bottom" if item.is_up else "top",
        color=colour,
        fontsize=7.5,
        weight="bold",
    )


def _last_price(axes: Axes, chart: Chart) -> None:
    axes.axhline(chart.last, color=chart.last_colour, linewidth=0.8, linestyle=":")
    axes.annotate(
        price(chart.last),
        (1.0, chart.last),
        (5, 0),
        xycoords=axes.get_yaxis_transform(),
        textcoords="offset points",
        va="center",
        fontsize=9,
        color=BACKGROUND,
        weight="bold",
        bbox={"boxstyle": "round,pad=0.25", "facecolor": chart.last_colour, "edgecolor": "none"},
    )


def _frame(axes: Axes, chart: Chart) -> None:
    axes.set_ylim(*chart.heights())
    axes.set_xlim(_days(chart, -2), _days(chart, len(chart.candles) - 1) + 4 * chart.step_ms / DAY_MS)


def _words(figure: Figure, chart: Chart) -> None:
    figure.text(0.025, 0.955, chart.title, color=TEXT, fontsize=17, weight="bold", va="center")
    figure.text(0.975, 0.955, chart.foot, color=FAINT, fontsize=9.5, va="center", ha="right")
    figure.text(0.025, 0.917, chart.because, color=chart.colour, fontsize=12, weight="bold", va="center")
    figure.text(0.025, 0.886, chart.labels, color=FAINT, fontsize=9.5, va="center")

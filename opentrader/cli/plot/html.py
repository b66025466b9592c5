"""A chart as one HTML file, drawn by plotly: zoom, hover, no network."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from plotly.graph_objects import Bar, Candlestick, Figure, Scatter
from plotly.subplots import make_subplots

from opentrader.cli.plot.chart import BACKGROUND, BAND, DOWN, FAINT, GRID, PANEL, TEXT, UP, Chart
from opentrader.cli.plot.structure import Break
from opentrader.cli.tables import price

STYLE = (
    f"<style>html, body {{ margin: 0; overflow: hidden; background: {BACKGROUND} }}"
    " body > div { position: fixed; inset: 0 }</style>"
)
BREAK_NAMES = {"bos": "BOS", "choch": "CHoCH"}


def write(chart: Chart, path: Path) -> None:
    """Draw `chart` and write it to `path`, with plotly's script included. The same chart gives the same bytes."""
    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, row_heights=[0.84, 0.16], vertical_spacing=0.02)
    figure.add_trace(_candles(chart), row=1, col=1)
    figure.add_trace(_swings(chart), row=1, col=1)
    figure.add_trace(_volume(chart), row=2, col=1)
    for item in chart.breaks:
        _break(figure, chart, item)
    _levels(figure, chart)
    _last_price(figure, chart)
    _words(figure, chart)
    _dress(figure, chart)
    page = figure.to_html(
        include_plotlyjs=True,
        div_id="chart",
        config={"displaylogo": False, "scrollZoom": True, "responsive": True},
        default_height="100%",
    )
    path.write_text(page.replace("<head>", f"<head><title>{chart.title}</title>{STYLE}", 1), encoding="utf-8")


def _at(chart: Chart, bar: int) -> datetime:
    return datetime.fromtimestamp(chart.at_ms(bar) / 1000, UTC)


def _times(chart: Chart) -> list[datetime]:
    return [_at(chart, bar) for bar in range(len(chart.candles))]


def _candles(chart: Chart) -> Any:
    candles = chart.candles
    return Candlestick(
        x=_times(chart),
        open=candles.open.tolist(),
        high=candles.high.tolist(),
        low=candles.low.tolist(),
        close=candles.close.tolist(),
        increasing={"line": {"color": UP, "width": 1}, "fillcolor": UP},
        decreasing={"line": {"color": DOWN, "width": 1}, "fillcolor": DOWN},
        name="price",
    )


def _volume(chart: Chart) -> Any:
    candles = chart.candles
    colours = [UP if rises else DOWN for rises in candles.close >= candles.open]
    return Bar(
        x=_times(chart),
        y=candles.volume.tolist(),
        marker={"color": colours, "line": {"width": 0}},
        opacity=0.55,
        name="volume",
    )


def _swings(chart: Chart) -> Any:
    swings = chart.swings
    return Scatter(
        x=[_at(chart, swing.bar) for swing in swings],
        y=[swing.level for swing in swings],
        mode="markers+text",
        text=[swing.label for swing in swings],
        textposition=["top center" if swing.is_high else "bottom center" for swing in swings],
        textfont={"color": FAINT, "size": 10},
        marker={
            "color": FAINT,
            "size": 7,
            "symbol": ["triangle-down" if swing.is_high else "triangle-up" for swing in swings],
        },
        hovertemplate="swing %{text} %{y}<extra></extra>",
        name="swings",
    )


def _break(figure: Figure, chart: Chart, item: Break) -> None:
    """The broken level, from its swing to the candle that closed through it."""
    colour, level = (UP if item.is_up else DOWN), item.swing.level
    line = {"color": colour, "width": 1.6}
    figure.add_shape(
        type="line", x0=_at(chart, item.swing.bar), x1=_at(chart, item.bar), y0=level, y1=level, line=line, row=1, col=1
    )
    figure.add_annotation(
        x=_at(chart, max(0, (item.swing.bar + item.bar) // 2)),
        y=level,
        text=BREAK_NAMES[item.kind],
        font={"color": colour, "size": 10},
        showarrow=False,
        yshift=8 if item.is_up else -8,
        row=1,
        col=1,
    )


def _levels(figure: Figure, chart: Chart) -> None:
    for zone in chart.zones:
        figure.add_hrect(
            y0=zone.low,
            y1=zone.high,
            fillcolor=BAND,
            opacity=0.05,
            line_width=0,
            row=1,
            col=1,
        )
    for level in chart.levels:
        figure.add_hline(
            y=level.value,
            line={"color": level.colour, "width": 1.2, "dash": "dash"},
            annotation={
                "text": level.label,
                "font": {"color": level.colour, "size": 11},
                "bgcolor": PANEL,
                "opacity": 0.85,
            },
            annotation_position="bottom left" if level.is_below else "top left",
            row=1,
            col=1,
        )


def _last_price(figure: Figure, chart: Chart) -> None:
    line = {"color": chart.last_colour, "width": 1, "dash": "dot"}
    figure.add_hline(y=chart.last, line=line, row=1, col=1)
    figure.add_annotation(
        text=f"<b>{price(chart.last)}</b>",
        font={"color": BACKGROUND, "size": 11},
        bgcolor=chart.last_colour,
        showarrow=False,
        xref="x domain",
        x=1,
        y=chart.last,
        xanchor="left",
        row=1,
        col=1,
    )


def _words(figure: Figure, chart: Chart) -> None:
    """Title, decision and labels above the chart on the left; market and time on the right."""
    lines = (
        (chart.title, TEXT, 20, 0, 70),
        (chart.because, chart.colour, 14, 0, 44),
        (chart.labels, FAINT, 12, 0, 20),
        (chart.foot, FAINT, 12, 1, 20),
    )
    for text, colour, size, x, shift in lines:
        figure.add_annotation(
            text=f"<b>{text}</b>" if size > 12 else text,
            font={"color": colour, "size": size},
            showarrow=False,
            xref="paper",
            yref="paper",
            x=x,
            y=1,
            xanchor="right" if x else "left",
            yanchor="bottom",
            yshift=shift,
        )
    figure.add_annotation(
        text="volume",
        font={"color": FAINT, "size": 11},
        showarrow=False,
        xref="x2 domain",
        yref="y2 domain",
        x=0.006,
        y=0.95,
        xanchor="left",
        yanchor="top",
    )


def _dress(figure: Figure, chart: Chart) -> None:
    figure.update_layout(
        paper_bgcolor=BACKGROUND,
        plot_bgcolor=PANEL,
        font={"color": TEXT},
        margin={"l": 24, "r": 76, "t": 116, "b": 36},
        showlegend=False,
        dragmode="pan",
        hovermode="x unified",
        hoverlabel={"bgcolor": PANEL, "bordercolor": GRID, "font": {"color": TEXT}},
        xaxis_rangeslider_visible=False,
    )
    figure.update_xaxes(gridcolor=GRID, linecolor=GRID, tickfont={"color": FAINT}, range=_span(chart))
    figure.update_yaxes(gridcolor=GRID, linecolor=GRID, tickfont={"color": FAINT}, side="right", zeroline=False)
    figure.update_yaxes(range=chart.heights(), tickformat=",.6~r", row=1, col=1)
    figure.update_yaxes(showticklabels=False, row=2, col=1)


def _span(chart: Chart) -> list[datetime]:
    return [_at(chart, -2), _at(chart, len(chart.candles) - 1) + 4 * (_at(chart, 0) - _at(chart, -1))]

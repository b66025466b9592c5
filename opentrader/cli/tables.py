"""Tables and panels (rich) of the CLI, built from analysis results. Nothing is printed here."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime
from typing import NamedTuple

from rich.box import ROUNDED, SIMPLE_HEAD
from rich.columns import Columns
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from opentrader.actors.messages import (
    Explain,
    LevelReply,
    MarketScan,
    TrendScan,
    TrendScanRow,
)
from opentrader.cli.checks import Check
from opentrader.config.settings import Origin, Settings
from opentrader.domain.analysis.market import MarketContext
from opentrader.domain.analysis.reason_codes import DECISIONS, LEVELS, explained
from opentrader.feed import FilesChoice
from opentrader.research import Reading

STYLES = {
    "trade_long": "bold green",
    "up": "green",
    "uptrend": "green",
    "bull": "green",
    "just_broken_up": "green",
    "trade_short": "bold red",
    "down": "red",
    "downtrend": "red",
    "bear": "red",
    "just_broken_down": "red",
    "watch_regime_shift": "yellow",
    "transition": "yellow",
    "compression": "yellow",
    "volatile_chop": "magenta",
    "unknown": "magenta",
    "no_trade": "magenta",
}
ARROWS = {"up": "↑ up", "down": "↓ down", "none": "—"}
GAUGE = 11
GAP = 2  # characters between two columns


class Column(NamedTuple):
    """One column of the market table. On a narrow terminal, the column with the highest `rank` is dropped first."""

    title: str
    cell: Callable[[Reading], Text]
    rank: int = 0
    right: bool = False


def number(value: float | None, places: int = 2) -> str:
    """A formatted number, `—` for none."""
    return "—" if value is None else f"{value:,.{places}f}"


def price(value: float | None) -> str:
    """A price with decimals that fit its size; below 1 it has five significant digits."""
    if not value:
        return number(value)
    return number(value, 2 if value >= 100 else 4 if value >= 1 else 4 - math.floor(math.log10(value)))


def _word(value: str, text: str = "") -> Text:
    return Text(text or value.replace("_", " "), STYLES.get(value, ""))


def decision(value: str) -> Text:
    return Text(DECISIONS[value], STYLES.get(value, "dim"))


def _break(context: MarketContext) -> Text:
    mtf = context.mtf
    if mtf.bos_mode == "none":
        return Text("—", "dim")
    return Text(f"{mtf.bos_mode}, {mtf.trend_age}", "" if mtf.trend_age == "fresh" else "yellow")


def gauge(share: float | None) -> Text:
    """The position of the price between the range's low (left) and high (right), clamped to the edges."""
    if share is None:
        return Text("")
    place = round(min(max(share, 0.0), 1.0) * (GAUGE - 1))
    return Text.assemble(("─" * place, "dim"), ("●", "cyan"), ("─" * (GAUGE - 1 - place), "dim"))


def _range(context: MarketContext, *, drawn: bool) -> Text:
    place = _word(context.htf.range_position)
    share = context.htf.detail.range_pct
    if share is None:
        return place
    text = Text.assemble(place, f" {share * 100:.0f}%")
    return Text.assemble(gauge(share), " ", text) if drawn else text


def _atr(reading: Reading) -> Text:
    atr = reading.context.mtf.atr_val
    return Text("—" if atr is None or not reading.price else f"{atr / reading.price * 100:.2f}")


COLUMNS = (
    Column("Symbol", lambda r: Text(r.context.symbol, "bold")),
    Column("Price", lambda r: Text(price(r.price)), right=True),
    Column("Decision", lambda r: decision(r.context.priority_decision)),
    Column("Reason", lambda r: Text(r.context.no_trade_reason or "—")),
    Column("Regime", lambda r: _word(r.context.mtf.regime), 1),
    Column("Dir", lambda r: _word(r.context.mtf.trend_direction, ARROWS[r.context.mtf.trend_direction]), 2),
    Column("BOS, age", lambda r: _break(r.context), 4),
    Column("Macro", lambda r: _word(r.context.htf.macro_phase), 3),
    Column("HTF range", lambda r: _range(r.context, drawn=False)),
    Column("Liquidity", lambda r: _word(r.context.htf.liquidity_profile), 6),
    Column("ATR %", _atr, 5, right=True),
)


def market_table(scan: MarketScan, readings: Sequence[Reading], *, width: int) -> RenderableType:
    """A market scan, one symbol per row; a narrow terminal gets the most important columns."""
    columns = fitting(COLUMNS, readings, width)
    table = _scan_table("Market scan", f"{scan.mtf_tf} in {scan.htf_tf}", scan)
    for column in columns:
        table.add_column(column.title, justify="right" if column.right else "left", no_wrap=True)
    for reading in readings:
        table.add_row(*(column.cell(reading) for column in columns))
    summary = {name: getattr(scan.summary, name) for name in DECISIONS}
    counts = Text("   ").join(Text.assemble(decision(name), f" {count}") for name, count in summary.items())
    return Group(table, counts, *_hidden(columns), *_failures(scan))


def _hidden(shown: Sequence[Column]) -> Iterable[Text]:
    titles = [column.title for column in COLUMNS if column not in shown]
    if titles:
        yield Text(f"Not shown at this width: {', '.join(titles)}", "dim")


def fitting(columns: Sequence[Column], readings: Sequence[Reading], width: int) -> list[Column]:
    """The columns that fit into `width` characters, in their order."""
    widths = {c.title: max((c.cell(r).cell_len for r in readings), default=0) for c in columns}
    kept = list(columns)
    while GAP + sum(max(widths[c.title], len(c.title)) + GAP for c in kept) > width and max(c.rank for c in kept):
        kept.remove(max(kept, key=lambda column: column.rank))
    return kept


def trend_table(scan: TrendScan) -> RenderableType:
    """A trend scan, one symbol per row."""
    table = _scan_table("Trend scan", scan.timeframe, scan)
    for title in ("Symbol", "Trend", "Votes ↑ ↓ →", "Regime", "Trade?"):
        table.add_column(title, no_wrap=True)
    for row in scan.results:
        table.add_row(*_trend_cells(row))
    counts = Text("   ").join(
        Text.assemble(_word(name), f" {getattr(scan.summary, name)}")
        for name in ("uptrend", "downtrend", "sideway", "unknown")
    )
    return Group(table, counts, *_failures(scan))


def _trend_cells(row: TrendScanRow) -> tuple[Text, ...]:
    votes = f"{row.score.uptrend}  {row.score.downtrend}  {row.score.sideway}"
    return Text(row.symbol, "bold"), _word(row.trend), Text(votes), _word(row.regime), _tradable(row)


def _tradable(row: TrendScanRow) -> Text:
    if row.no_trade:
        return Text(f"no: {explained(row.no_trade_reason)}", "dim")
    return Text("yes") if row.trend in {"uptrend", "downtrend"} else Text("no direction", "dim")


def _scan_table(what: str, timeframes: str, scan: MarketScan | TrendScan) -> Table:
    """An empty table, titled with content, market and time."""
    at = max((row.timestamp for row in scan.results), default=None)
    title = " · ".join((what, timeframes, scan.exchange, *([] if at is None else [instant(at)])))
    return Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))


def _failures(scan: MarketScan | TrendScan) -> Iterable[Text]:
    for failure in scan.failed:
        yield Text(f"{failure.symbol}: {failure.error} ({failure.code})", "red")


def instant(at: int) -> str:
    """A Unix second in readable form."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def market_name(settings: Settings) -> str:
    """The name of the market, for a chart seen without its context."""
    return "recorded candles" if isinstance(settings.feed, FilesChoice) else f"{settings.feed} market"


def context_panel(reading: Reading, *, source: str) -> RenderableType:
    """One market in full: the decision with its reason, then both timeframes."""
    context = reading.context
    head = Text.assemble(decision(context.priority_decision), "   ", (explained(context.no_trade_reason), "italic"))
    layers = Columns([_htf_table(context), _mtf_table(context)], padding=(0, 4))
    title = Text.assemble((context.symbol, "bold"), f"  {price(reading.price)}")
    foot = f"{source} · {instant(context.timestamp)}"
    return Panel(
        Group(head, "", layers),
        title=title,
        title_align="left",
        subtitle=foot,
        subtitle_align="left",
        box=ROUNDED,
        padding=(1, 2),
        expand=False,
    )


def _facts(title: str, rows: Iterable[tuple[str, Text | str]]) -> Table:
    table = Table(title=title, title_justify="left", title_style="bold", box=None, show_header=False, pad_edge=False)
    table.add_column(style="dim")
    table.add_column()
    for name, value in rows:
        table.add_row(name, value)
    return table


def _htf_table(context: MarketContext) -> Table:
    htf, detail = context.htf, context.htf.detail
    liquidity = _word(htf.liquidity_profile)
    if detail.liquidity_level is not None:
        liquidity.append(f" at {price(detail.liquidity_level)}, {number(detail.liquidity_dist_atr, 1)} ATR away")
    return _facts(
        f"Higher timeframe, {context.htf_tf}",
        (
            (
                "macro phase",
                Text.assemble(_word(htf.macro_phase), f"  (SMA {detail.macro_ma_len}, {detail.macro_score:+d})"),
            ),
            ("range", f"{price(htf.range_low)} … {price(htf.range_high)}"),
            ("position in range", _range(context, drawn=True)),
            ("liquidity", liquidity),
            ("ATR", price(detail.atr_val)),
        ),
    )


def _mtf_table(context: MarketContext) -> Table:
    mtf, detail, bars = context.mtf, context.mtf.detail, context.mtf.detail.squeeze_bars
    last = "none"
    if detail.bos_kind is not None:
        what = f"{detail.bos_kind.upper()} #{detail.bos_count}"
        last = f"{what} at {price(detail.bos_level)}, {detail.bos_bars_ago} bars ago"
    regime = _word(mtf.regime)
    if mtf.compression_bias != "none":
        regime.append(f", bias {mtf.compression_bias}")
    return _facts(
        f"Middle timeframe, {context.mtf_tf}",
        (
            ("regime", regime),
            ("direction", _word(mtf.trend_direction, ARROWS[mtf.trend_direction])),
            ("last break", last),
            ("break status", _break(context)),
            ("swings", f"low {price(detail.swing_low)}, high {price(detail.swing_high)}"),
            ("ATR", f"{price(mtf.atr_val)}, {number(detail.atr_ratio)} of its mean"),
            ("ADX, CHOP, ER", f"{number(detail.adx, 1)}, {number(detail.chop, 1)}, {number(detail.er)}"),
            ("squeeze", f"{number(detail.squeeze)}, {f'on for {bars} bars' if bars else 'off'}"),
        ),
    )


VERDICTS = {"pass": ("✓ pass", "green"), "block": ("✕ block", "bold red"), "skipped": ("— skipped", "dim")}


def levels_table(explain: Explain) -> RenderableType:
    """The seven levels of the Priority System with their inputs, and the one that decided."""
    title = f"Priority System: level {explain.decided_by} decides"
    table = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, pad_edge=False)
    for name in ("", "Level", "Verdict", "Would be", "Because"):
        table.add_column(name)
    for level in explain.levels:
        would = decision(level.decision) if level.decision else Text("")
        because = Text(explained(level.reason)) if level.verdict == "block" else Text(_looked_at(level), "dim")
        style = "bold" if level.level == explain.decided_by else ""
        table.add_row(str(level.level), LEVELS[level.name], Text(*VERDICTS[level.verdict]), would, because, style=style)
    return table


def _looked_at(level: LevelReply) -> str:
    values = (f"{name} {_short(value)}" for name, value in level.inputs.items())
    return ", ".join(values).replace("_", " ")


def _short(value: object) -> str:
    return "none" if value is None else number(value) if isinstance(value, float) else str(value)


def settings_table(origins: Iterable[Origin], refused: Collection[str] = ()) -> RenderableType:
    """Every setting with its value and source; `refused` ones are marked."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    table.add_column("")
    table.add_column("Setting", no_wrap=True)
    table.add_column("Value", overflow="fold")
    table.add_column("From", overflow="fold")
    for origin in origins:
        usual = origin.source == "default" and origin.key not in refused
        mark = Text(*FINDINGS["fail"]) if origin.key in refused else Text("")
        table.add_row(mark, origin.key, origin.value, origin.source, style="dim" if usual else "")
    return table


FINDINGS = {"ok": ("✓", "green"), "warn": ("!", "yellow"), "fail": ("✕", "bold red")}


def finding(check: Check) -> RenderableType:
    """One result of the doctor, with its advice below."""
    found = check.found.replace("\n", f"\n  {'':<12}")
    line = Text.assemble(FINDINGS[check.verdict], f" {check.name:<12}", found)
    return Group(line, Text(f"  {'':<12}→ {check.advice}", "dim")) if check.advice else line

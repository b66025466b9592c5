"""The content of a chart, computed once for both renderers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import pairwise

from opentrader.cli.plot.structure import Break, Swing, structure_of
from opentrader.cli.tables import instant, price
from opentrader.domain.analysis.candles import Candles, clean
from opentrader.domain.analysis.market import MarketContext
from opentrader.domain.analysis.reason_codes import explained
from opentrader.domain.timeframes import TF_MS
from opentrader.errors import NotPossible
from opentrader.research import Reading

BARS = 180
NEAR = 0.04  # of the height of a chart: names of lines that are closer than this would overlap

BACKGROUND, PANEL, GRID = "#0f141c", "#131a24", "#1f2937"
TEXT, FAINT = "#e6edf3", "#8b98a9"
UP, DOWN, BAND, LIQUIDITY = "#26a69a", "#ef5350", "#6ea8fe", "#d8a657"
COLOURS = {"trade_long": UP, "trade_short": DOWN, "watch_regime_shift": "#e3b341"}


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line with its label, above it unless `is_below`."""

    value: float
    name: str
    colour: str
    remark: str = ""
    is_below: bool = False

    @property
    def label(self) -> str:
        return f"{self.name} {price(self.value)}" + (self.remark and f" · {self.remark}")


@dataclass(frozen=True, slots=True)
class Zone:
    """An outer third of the range of the higher timeframe."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Chart:
    """The last candles of the middle timeframe and the overlays; bars count from the first visible one.

    The swing of a break may be before the first bar: a negative number. `last` is the price of the forming candle,
    which is not drawn.
    """

    candles: Candles
    last: float
    step_ms: int
    swings: list[Swing]
    breaks: list[Break]
    levels: list[Level]
    zones: list[Zone]
    title: str
    colour: str
    because: str
    labels: str
    foot: str

    def at_ms(self, bar: int) -> float:
        """The opening of a bar in Unix milliseconds, also of a bar before the first."""
        return float(self.candles.ts[bar] if bar >= 0 else self.candles.ts[0] + bar * self.step_ms)

    @property
    def last_colour(self) -> str:
        return UP if self.last >= self.candles.close[-1] else DOWN

    def heights(self) -> tuple[float, float]:
        """The lowest and the highest price in view: all candles and levels, the last price, and some room."""
        low, high = _reach(self.candles, (self.last, *(level.value for level in self.levels)))
        room = 0.06 * (high - low)
        return low - room, high + room


def _reach(candles: Candles, prices: Iterable[float]) -> tuple[float, float]:
    low, high = float(candles.low.min()), float(candles.high.max())
    return min(low, *prices), max(high, *prices)


def chart_of(reading: Reading, market: str, bars: int = BARS) -> Chart:
    """The chart of the last closed candles of a market. Raises `NotPossible` if there are none."""
    context = reading.context
    step_ms = TF_MS[context.mtf_tf]
    candles = clean(reading.mtf, context.mtf_tf, reading.now_ms)
    if not len(candles):
        raise NotPossible(f"{context.symbol} has no closed {context.mtf_tf} candle to draw")
    swings, breaks = structure_of(candles, context.mtf_tf)
    hidden = max(0, len(candles) - bars)
    shown = [_moved(swing, hidden) for swing in swings]
    shown_candles, last = candles.last(bars), reading.price or float(candles.close[-1])
    drawn = [replace(item, bar=item.bar - hidden, swing=_moved(item.swing, hidden)) for item in breaks]
    return Chart(
        candles=shown_candles,
        last=last,
        step_ms=step_ms,
        swings=[swing for swing in shown if swing.bar >= 0],
        breaks=[item for item in drawn if item.bar >= 0],
        levels=_apart(_levels(context), shown_candles),
        zones=_zones(context),
        title=f"{context.symbol} · {context.mtf_tf} in {context.htf_tf}",
        colour=COLOURS.get(context.priority_decision, FAINT),
        because=f"{_spaced(context.priority_decision).upper()} · {explained(context.no_trade_reason)}",
        labels=_labels(context),
        foot=f"{market} · {instant(context.timestamp)} · last price {price(last)} · opentrader",
    )


def _moved(swing: Swing, hidden: int) -> Swing:
    return replace(swing, bar=swing.bar - hidden)


def _levels(context: MarketContext) -> list[Level]:
    htf = context.htf
    levels = (
        (htf.range_high, f"{context.htf_tf} range high", BAND, "upper third: too high to buy"),
        (htf.range_low, f"{context.htf_tf} range low", BAND, "lower third: too low to sell"),
        (htf.detail.liquidity_level, _spaced(htf.liquidity_profile), LIQUIDITY, ""),
    )
    return [Level(value, name, colour, remark) for value, name, colour, remark in levels if value is not None]


def _apart(levels: list[Level], candles: Candles) -> list[Level]:
    """The same levels; a label moves below its line if another level is close above."""
    low, high = _reach(candles, [level.value for level in levels] or [float(candles.close[-1])])
    rising = sorted(levels, key=lambda level: level.value)
    close = [one for one, above in pairwise(rising) if above.value - one.value < NEAR * (high - low)]
    return [replace(level, is_below=level in close) for level in levels]


def _zones(context: MarketContext) -> list[Zone]:
    low, high = context.htf.range_low, context.htf.range_high
    if low is None or high is None:
        return []
    third = (high - low) / 3
    return [Zone(high - third, high), Zone(low, low + third)]


def _labels(context: MarketContext) -> str:
    """The labels of both timeframes in one line."""
    htf, mtf = context.htf, context.mtf
    share = htf.detail.range_pct
    parts = (
        f"regime {mtf.regime}",
        f"direction {mtf.trend_direction}",
        f"BOS {mtf.bos_mode}" + ("" if mtf.trend_age == "none" else f", {mtf.trend_age}"),
        f"macro {htf.macro_phase}",
        f"range {htf.range_position}" + ("" if share is None else f" {share * 100:.0f}%"),
        f"liquidity {htf.liquidity_profile}",
    )
    return _spaced("  ·  ".join(parts))


def _spaced(code: str) -> str:
    return code.replace("_", " ")

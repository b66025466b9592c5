"""What a chart shows, worked out once for both ways of drawing it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from opentrader.console.plot.structure import Break, Swing, structure_of
from opentrader.console.tables import instant, price
from opentrader.domain.candles import Candles, clean
from opentrader.domain.market import MarketContext
from opentrader.domain.reasons import explained
from opentrader.domain.timeframes import TF_MS
from opentrader.errors import NotPossible
from opentrader.research import Reading

BARS = 180

BACKGROUND, PANEL, GRID = "#0f141c", "#131a24", "#1f2937"
TEXT, FAINT = "#e6edf3", "#8b98a9"
UP, DOWN, BAND, LIQUIDITY = "#26a69a", "#ef5350", "#6ea8fe", "#d8a657"
COLOURS = {"trade_long": UP, "trade_short": DOWN, "watch_regime_shift": "#e3b341"}


@dataclass(frozen=True, slots=True)
class Level:
    """A horizontal line with its name and colour."""

    value: float
    name: str
    colour: str


@dataclass(frozen=True, slots=True)
class Zone:
    """An outer third of the higher timeframe's range."""

    low: float
    high: float
    is_upper: bool

    @property
    def name(self) -> str:
        return "upper third: too high to buy" if self.is_upper else "lower third: too low to sell"


@dataclass(frozen=True, slots=True)
class Chart:
    """The last candles of the middle timeframe and what is drawn on them; bars count from the first one shown.

    The swing that a break started from may lie before the first bar: a negative number.
    """

    candles: Candles
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
        """The opening of a bar, in Unix milliseconds, also of one before the first."""
        return float(self.candles.ts[bar] if bar >= 0 else self.candles.ts[0] + bar * self.step_ms)

    def heights(self) -> tuple[float, float]:
        """The lowest and the highest price in view: all candles and levels, and some room."""
        prices = (
            float(self.candles.low.min()),
            float(self.candles.high.max()),
            *(level.value for level in self.levels),
        )
        room = 0.06 * (max(prices) - min(prices))
        return min(prices) - room, max(prices) + room


def chart_of(reading: Reading, bars: int = BARS) -> Chart:
    """The chart of the last closed candles. Raises `NotPossible` without any."""
    context = reading.context
    step_ms = TF_MS[context.mtf_tf]
    candles = clean(reading.mtf, context.mtf_tf, reading.now_ms)
    if not len(candles):
        raise NotPossible(f"{context.symbol} has no closed {context.mtf_tf} candle to draw")
    swings, breaks = structure_of(candles, context.mtf_tf)
    hidden = max(0, len(candles) - bars)
    shown = [_moved(swing, hidden) for swing in swings]
    drawn = [replace(item, bar=item.bar - hidden, swing=_moved(item.swing, hidden)) for item in breaks]
    return Chart(
        candles=candles.last(bars),
        step_ms=step_ms,
        swings=[swing for swing in shown if swing.bar >= 0],
        breaks=[item for item in drawn if item.bar >= 0],
        levels=_levels(context),
        zones=_zones(context),
        title=f"{context.symbol} · {context.mtf_tf} in {context.htf_tf}",
        colour=COLOURS.get(context.priority_decision, FAINT),
        because=f"{_spaced(context.priority_decision).upper()} · {explained(context.no_trade_reason)}",
        labels=_labels(context),
        foot=f"{instant(context.timestamp)} · last price {price(reading.price)} · opentrader",
    )


def _moved(swing: Swing, hidden: int) -> Swing:
    return replace(swing, bar=swing.bar - hidden)


def _levels(context: MarketContext) -> list[Level]:
    htf = context.htf
    levels = (
        (htf.range_high, f"{context.htf_tf} range high", BAND),
        (htf.range_low, f"{context.htf_tf} range low", BAND),
        (htf.detail.liquidity_level, _spaced(htf.liquidity_profile), LIQUIDITY),
    )
    return [Level(value, name, colour) for value, name, colour in levels if value is not None]


def _zones(context: MarketContext) -> list[Zone]:
    low, high = context.htf.range_low, context.htf.range_high
    if low is None or high is None:
        return []
    third = (high - low) / 3
    return [Zone(high - third, high, is_upper=True), Zone(low, low + third, is_upper=False)]


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

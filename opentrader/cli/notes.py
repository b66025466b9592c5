"""Notes beside a table or before a start: which market is shown, and which recorded candles are missing or stale."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import partial

from opentrader.cli import checks
from opentrader.config.settings import Settings
from opentrader.domain.symbols import listing_of
from opentrader.domain.timeframes import TF_MS
from opentrader.errors import OpentraderError
from opentrader.feed import FilesChoice, open_feed
from opentrader.feed.weeks import shift_for
from opentrader.research import OpenedMarket, Reading, latest_candle
from opentrader.store.sqlite.read_only import read_store
from opentrader.system.market import stored_shift

_STALE_MS = 2 * TF_MS["4h"]
_EVER_MS = 2**52  # later than any candle


def of_readings(settings: Settings, readings: Sequence[Reading]) -> list[str]:
    """Notes for the analysis of these markets."""
    if isinstance(settings.feed, FilesChoice):
        return [*_stale(settings, readings), *_unrecorded(settings.feed, readings)]
    if settings.at is not None or checks.instance(settings).verdict == "warn":
        return []
    whose = f"This is the market of the data folder {settings.data_dir}; no daemon is running on it."
    return [f"{whose} Use --data-dir for another folder; `make run` uses ./data."]


def of_start(settings: Settings, now_ms: int) -> list[str]:
    """Notes for a daemon that starts at this Unix time in milliseconds."""
    if not isinstance(settings.feed, FilesChoice):
        return (
            []
            if settings.at is None
            else ["--at is ignored: the simulated market of a daemon always runs at the current time."]
        )
    try:
        shown_ms = now_ms - _shift(settings, now_ms)
        end_ms = latest_candle(OpenedMarket(open_feed(settings.feed), shown_ms), settings.watchlist[0])
    except OpentraderError:  # the start itself will report it
        return []
    if end_ms is not None and shown_ms - end_ms < _STALE_MS:
        return []
    until = "begin later" if end_ms is None else f"end at {_utc(end_ms)}"
    stale = f"The recorded candles {until}, and the daemon would run at {_utc(shown_ms)}: every candle is stale."
    return [f"{stale} Entries will be refused. Use --at with an instant in a week that the candles cover."]


def _shift(settings: Settings, now_ms: int) -> int:
    """The shift of recorded candles: stored in the data folder, else as a first start would choose."""
    kept = read_store(settings.data_dir, partial(stored_shift, settings))
    if kept is not None:
        return kept
    return 0 if settings.at_ms is None else shift_for(settings.at_ms, now_ms)


def _stale(settings: Settings, readings: Sequence[Reading]) -> Iterator[str]:
    ends = [int(reading.mtf[-1, 0]) + TF_MS[reading.context.mtf_tf] for reading in readings if len(reading.mtf)]
    now_ms = max((reading.now_ms for reading in readings), default=0)
    if ends and now_ms - max(ends) >= _STALE_MS:
        end = datetime.fromtimestamp(max(ends) / 1000, UTC)
        yield (
            f"The recorded candles end at {_utc(max(ends))}, before {_utc(now_ms)}: every candle is stale."
            f" Choose an instant inside them, for example --at {end:%Y-%m-%dT%H:%MZ}"
        )


def _unrecorded(choice: FilesChoice, readings: Sequence[Reading]) -> Iterator[str]:
    """A note for each missing file."""
    ever = OpenedMarket(open_feed(choice), _EVER_MS)
    for reading in readings:
        context = reading.context
        pair = listing_of(context.symbol, ever.feed.listings()).pair
        for timeframe, rows in ((context.htf_tf, reading.htf), (context.mtf_tf, reading.mtf)):
            if not len(rows) and latest_candle(ever, pair, timeframe) is None:
                yield (
                    f"{context.symbol}: {choice.directory} has no file {pair}-{timeframe}.csv or .csv.gz, and none of a"
                    " shorter timeframe."
                )


def _utc(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms / 1000, UTC):%Y-%m-%d %H:%M} UTC"

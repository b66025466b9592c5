"""Recorded candles as a feed: a directory of SYMBOL-TF.csv[.gz] files."""

from __future__ import annotations

import asyncio
import logging
import re
import threading
from pathlib import Path

import numpy as np

from opentrader.domain.analysis.candles import TS, Block, Candles, clean, resample
from opentrader.domain.symbols import QUOTE, Listing
from opentrader.domain.timeframes import TF_MS, TIMEFRAMES, Timeframe, open_time
from opentrader.errors import ConfigError, ExchangeError, SymbolNotFound
from opentrader.feed.recording import read_candles
from opentrader.feed.windows import Rows

logger = logging.getLogger(__name__)

_NAME = re.compile(rf"(?P<symbol>[A-Za-z0-9]+)-(?P<timeframe>{'|'.join(TIMEFRAMES)})\.csv(\.gz)?")
_QUOTES = (QUOTE, "USDC", "FDUSD", "BUSD", "TUSD", "USD", "EUR", "TRY", "BTC", "ETH", "BNB")


class FileFeed:
    """A `Feed` that replays a directory. Each file is read once, at first use, on a worker thread.

    Candles appear `shift_ms` later than they were recorded; candles that are not closed at the requested time are left
    out. Raises `ConfigError` for a directory that does not exist or has no candle files.
    """

    source = "files"

    def __init__(self, directory: Path, *, shift_ms: int = 0) -> None:
        self._files = _files_in(directory)
        self._listings = {pair: _listing(pair) for pair, _ in self._files}
        self._shift_ms = shift_ms
        self._loaded: dict[tuple[str, Timeframe], Rows] = {}
        self._reading = threading.Lock()  # worker threads read and resample, one at a time

    def listings(self) -> dict[str, Listing]:
        return dict(self._listings)

    async def candles(self, pair: str, timeframe: Timeframe, *, limit: int, now_ms: int) -> Rows:
        """See the port. The forming candle is aggregated from closed finer candles, if any are recorded.

        Raises `ExchangeError`, naming file and line, when a file cannot be read.
        """
        if pair not in self._listings:
            raise SymbolNotFound(f"no candles of {pair} are recorded")
        now = now_ms - self._shift_ms
        closed = _closed(await self._rows(pair, timeframe), timeframe, now)
        forming = await self._forming(pair, timeframe, now)
        rows = np.vstack((closed[max(0, len(closed) - limit) :], forming))
        rows[:, TS] += self._shift_ms
        return rows

    async def _forming(self, pair: str, timeframe: Timeframe, now: int) -> Rows:
        """The candle that contains now, aggregated from the finest closed candles inside it."""
        start = open_time(now, timeframe)
        for finer in self._recorded_below(pair, timeframe):
            past = _closed(await self._rows(pair, finer), finer, now)
            past = past[np.searchsorted(past[:, TS], start) :]
            parts = past.T
            gapless = parts[TS] == start + TF_MS[finer] * np.arange(parts.shape[1])
            if gapless.any() and gapless.all():
                return _joined(parts)
        return np.empty((0, 6))

    def _recorded_below(self, pair: str, timeframe: Timeframe) -> list[Timeframe]:
        """Shorter timeframes that have a file, finest first."""
        return [finer for finer in TIMEFRAMES[: TIMEFRAMES.index(timeframe)] if (pair, finer) in self._files]

    async def _rows(self, pair: str, timeframe: Timeframe) -> Rows:
        if (pair, timeframe) not in self._loaded:
            await asyncio.to_thread(self._load, pair, timeframe)
        return self._loaded[pair, timeframe]

    def _load(self, pair: str, timeframe: Timeframe) -> None:
        """Runs on a worker thread."""
        with self._reading:
            self._history(pair, timeframe)

    def _history(self, pair: str, timeframe: Timeframe) -> Rows:
        if (pair, timeframe) not in self._loaded:
            self._loaded[pair, timeframe] = self._read(pair, timeframe)
        return self._loaded[pair, timeframe]

    def _read(self, pair: str, timeframe: Timeframe) -> Rows:
        """All candles of a timeframe: recorded, else aggregated from the next finer timeframe, else none."""
        if path := self._files.get((pair, timeframe)):
            return _cleaned(path, timeframe).rows()
        for finer in reversed(self._recorded_below(pair, timeframe)):
            return resample(clean(self._history(pair, finer), finer, None), finer, timeframe).rows()
        return np.empty((0, 6))


def _files_in(directory: Path) -> dict[tuple[str, Timeframe], Path]:
    """The recorded pairs and timeframes. Of a plain and a gzipped file with the same name, the plain one is used."""
    if not directory.is_dir():
        raise ConfigError(
            f"feed files:{directory}: there is no such directory",
            hint=f"{directory.absolute()} was looked for; it should hold files like BTCUSDT-4h.csv.gz",
        )
    files: dict[tuple[str, Timeframe], Path] = {}
    for path in sorted(directory.iterdir()):
        if (match := _NAME.fullmatch(path.name)) and path.is_file():
            timeframe: Timeframe = match["timeframe"]  # type: ignore[assignment]  # the pattern lists them all
            files.setdefault((_listing(match["symbol"].upper()).pair, timeframe), path)
    if not files:
        raise ConfigError(
            f"feed files:{directory}: the directory holds no file of candles",
            hint=f"files are named SYMBOL-TF.csv or SYMBOL-TF.csv.gz, TF one of {', '.join(TIMEFRAMES)}",
        )
    return files


def _listing(symbol: str) -> Listing:
    """The market of a file name; a base coin stands for its pair with the default quote."""
    for quote in _QUOTES:
        if symbol.endswith(quote) and symbol != quote:
            return Listing(symbol.removesuffix(quote), quote)
    return Listing(symbol, QUOTE)


def _cleaned(path: Path, timeframe: Timeframe) -> Candles:
    """The valid candles of a file, oldest first. Raises `ExchangeError` if it has none."""
    rows = read_candles(path)
    candles = clean(rows, timeframe, None)
    if not len(candles):
        hint = "prices must be above 0, the high the highest and the low the lowest of the four"
        raise ExchangeError(f"{path}: none of the {len(rows)} rows is a candle", hint=hint)
    if candles.bad_rows:
        logger.warning("%s: left out %d of %d rows, which are no candles", path, candles.bad_rows, len(rows))
    return candles


def _closed(rows: Rows, timeframe: Timeframe, now: int) -> Rows:
    return rows[: np.searchsorted(rows[:, TS], now - TF_MS[timeframe], side="right")]


def _joined(parts: Block) -> Rows:
    """Consecutive candles, shape (6, n), as one row."""
    ts, opened, high, low, close, volume = parts
    return np.array([[ts[0], opened[0], high.max(), low.min(), close[-1], volume.sum()]])

"""The same indicators by talipp, which is made for one new candle at a time."""

from __future__ import annotations

from collections.abc import Iterable

from talipp.indicators import ADX, ATR, BB, EMA, MACD, RSI, Stoch
from talipp.ohlcv import OHLCV

KEPT = 600  # values; without a bound talipp keeps all
SLACK = 200


class Talipp:
    """Nine indicators that give the sixteen values; candles are appended one by one."""

    def __init__(self, candles: Iterable[tuple[float, ...]]) -> None:
        self._of_close = (RSI(14), EMA(20), EMA(50), MACD(12, 26, 9), BB(20, 2.0))
        self._of_candles = (ATR(14), ATR(20), ADX(14, 14), Stoch(14, 3))
        for candle in candles:
            self.append(candle)

    def append(self, candle: tuple[float, ...]) -> None:
        """Take in a closed candle: opening in ms, open, high, low, close, volume."""
        _, opened, high, low, close, volume = candle
        for indicator in self._of_close:
            indicator.add(close)
        ohlcv = OHLCV(opened, high, low, close, volume)
        for indicator in self._of_candles:
            indicator.add(ohlcv)
        self._forget()

    def _forget(self) -> None:
        if len(self._of_close[0]) >= KEPT + SLACK:
            for indicator in (*self._of_close, *self._of_candles):
                indicator.purge_oldest(SLACK)

    @property
    def rsi(self) -> float | None:
        """The newest RSI, to see that it works."""
        return self._of_close[0][-1]  # type: ignore[no-any-return]

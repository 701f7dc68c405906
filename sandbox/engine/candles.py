"""Candles of the exchange's own trades, one per minute, from which longer ones and the ticker are made."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass

from sandbox.engine.events import PublicTrade

MINUTE_US = 60_000_000
_KEPT_MINUTES = 7 * 24 * 60


@dataclass(slots=True)
class Candle:
    """One candle. Units: ticks, lots, ticks times lots (value), us of market time."""

    start_us: int
    open: int
    high: int
    low: int
    close: int
    lots: int
    value: int
    trades: int


class Candles:
    """Minute candles in order of time; minutes without a trade have none."""

    __slots__ = ("minutes",)

    def __init__(self) -> None:
        self.minutes: deque[Candle] = deque(maxlen=_KEPT_MINUTES)

    def add(self, price: int, lots: int, *, at_us: int) -> None:
        """Count a trade."""
        start = at_us - at_us % MINUTE_US
        candle = self.minutes[-1] if self.minutes else None
        if candle is None or candle.start_us != start:
            self.minutes.append(Candle(start, price, price, price, price, lots, price * lots, 1))
            return
        if price > candle.high:
            candle.high = price
        elif price < candle.low:
            candle.low = price
        candle.close = price
        candle.lots += lots
        candle.value += price * lots
        candle.trades += 1

    def since(self, start_us: int) -> Candle | None:
        """Return one candle over everything from a moment on, None without a trade."""
        return merge(candle for candle in self.minutes if candle.start_us >= start_us)


def candle_of(trade: PublicTrade) -> Candle:
    """Return the candle of a single trade."""
    price, lots = trade.price_ticks, trade.lots
    return Candle(trade.at_us, price, price, price, price, lots, price * lots, 1)


def merge(candles: Iterable[Candle]) -> Candle | None:
    """Return the candle that covers several in order of time, None for none."""
    whole: Candle | None = None
    for candle in candles:
        if whole is None:
            whole = Candle(candle.start_us, candle.open, candle.high, candle.low, candle.close, 0, 0, 0)
        whole.high = max(whole.high, candle.high)
        whole.low = min(whole.low, candle.low)
        whole.close = candle.close
        whole.lots += candle.lots
        whole.value += candle.value
        whole.trades += candle.trades
    return whole

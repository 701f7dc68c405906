"""Clocks: wall time for signatures, market time for everything that happens in the market."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Protocol


class Clock(Protocol):
    """Both clocks of the exchange."""

    def market_us(self) -> int:
        """Return market time in us since the epoch."""

    def wall_ms(self) -> int:
        """Return wall time in ms since the epoch."""


class RunningClock:
    """Market time that starts at wall time and runs `speed` times as fast."""

    def __init__(self, *, speed: float = 1.0) -> None:
        self.speed = speed
        self._start_ns = time.time_ns()
        self._started_ns = time.monotonic_ns()

    def market_us(self) -> int:
        """Return market time; it is anchored at wall time when the exchange started."""
        return (self._start_ns + int((time.monotonic_ns() - self._started_ns) * self.speed)) // 1_000

    def wall_ms(self) -> int:
        """Return wall time."""
        return time.time_ns() // 1_000_000


@dataclass(slots=True)
class HandClock:
    """Clocks that a test sets by hand."""

    now_us: int
    now_wall_ms: int

    def market_us(self) -> int:
        """Return market time."""
        return self.now_us

    def wall_ms(self) -> int:
        """Return wall time."""
        return self.now_wall_ms

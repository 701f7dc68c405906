"""Replay of market data against the market clock."""

from __future__ import annotations

import asyncio
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from itertools import islice

from recordings.events import MarketEvent
from sandbox.web.desk import Desk

SourceEvent = tuple[str, MarketEvent]
OpenSource = Callable[[], Iterator[SourceEvent]]

_CHUNK = 1_024
_TURN_S = 0.005
_LONGEST_SLEEP_S = 0.02
_SHORTEST_SLEEP_S = 0.001
_GAP_US = 1_000_000


class Replay:
    """Feeds a source into the exchange at the pace of its market clock, round after round.

    The source's first event happens when the replay starts. A source that ends starts again with the prices that it
    began with, unless `once`.
    """

    def __init__(self, desk: Desk, open_source: OpenSource, *, speed: float, once: bool = False) -> None:
        self._desk = desk
        self._open_source = open_source
        self._speed = speed
        self._once = once
        self._turn_ends = 0.0
        self.rounds = 0

    async def run(self) -> None:
        """Replay until the source is exhausted for good, then keep time going."""
        start_us = self._desk.clock.market_us()
        while True:
            start_us = await self._play_round(start_us) + _GAP_US
            self.rounds += 1
            if self._once or not self._desk.exchange.venue.market_events:
                break
            sys.stderr.write(f"sandbox: the recording has ended, round {self.rounds + 1} starts\n")
        while True:
            self._desk.advance()
            await asyncio.sleep(_LONGEST_SLEEP_S)

    async def _play_round(self, start_us: int) -> int:
        """Play the source once; return the market time of its last event."""
        offset_us: int | None = None
        at_us = start_us
        async for chunk in _read_ahead(self._open_source()):
            for symbol, event in chunk:
                event_us = event.exchange_ns // 1_000
                if offset_us is None:
                    offset_us = start_us - event_us
                at_us = event_us + offset_us
                if at_us > self._desk.exchange.venue.now_us:
                    await self._wait_until(at_us)
                self._desk.exchange.apply(symbol, event, at_us=at_us)
        return at_us

    async def _wait_until(self, at_us: int) -> None:
        """Wait for the market clock; while behind it, leave the loop to others now and then."""
        while (ahead_us := at_us - self._desk.clock.market_us()) > 0:
            self._desk.advance()
            wait_s = ahead_us / 1e6 / self._speed
            await asyncio.sleep(min(max(wait_s, _SHORTEST_SLEEP_S), _LONGEST_SLEEP_S))
            self._turn_ends = time.monotonic() + _TURN_S
        if time.monotonic() > self._turn_ends:
            await asyncio.sleep(0)
            self._turn_ends = time.monotonic() + _TURN_S
            self._desk.publisher.tick()


async def _read_ahead(source: Iterator[SourceEvent]) -> AsyncIterator[list[SourceEvent]]:
    """Yield chunks of a source; the next one is read in a thread while this one plays."""
    reading = asyncio.create_task(asyncio.to_thread(_take, source))
    try:
        while chunk := await reading:
            reading = asyncio.create_task(asyncio.to_thread(_take, source))
            yield chunk
    finally:
        reading.cancel()


def _take(source: Iterator[SourceEvent]) -> list[SourceEvent]:
    return list(islice(source, _CHUNK))

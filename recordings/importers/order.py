"""Putting events into exchange time."""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from recordings.events import BookUpdate, MarketEvent

HORIZON_NS = 10_000_000_000


class Received(NamedTuple):
    """An event and when it was received."""

    event: MarketEvent
    received_ns: int


def in_time_order(*, books: Iterable[Received], trades: Iterable[Received]) -> Iterator[Received]:
    """Merge ordered updates and ordered trades; of equal times the trades come first.

    A trade goes before the update of the same time because that update reflects it.
    """
    return heapq.merge(trades, books, key=_exchange_ns)


def _exchange_ns(item: Received) -> int:
    return item.event.exchange_ns


class TimeOrder:
    """Hold events back for ten seconds of exchange time and release them in order.

    Of equal times the trades come first; apart from that the order of arrival is kept.
    """

    def __init__(self, horizon_ns: int = HORIZON_NS) -> None:
        self._horizon_ns = horizon_ns
        self._held: list[tuple[int, bool, int, Received]] = []
        self._arrivals = 0
        self._newest_ns = 0
        self._accepts_from_ns = 0

    @property
    def accepts_from_ns(self) -> int:
        """Return the earliest time of which an event can still be taken."""
        return self._accepts_from_ns

    def push(self, item: Received) -> Iterator[Received]:
        """Take an event, not before `accepts_from_ns`, and yield those that nothing can precede."""
        event = item.event
        if event.exchange_ns < self._accepts_from_ns:
            raise ValueError(f"{event.exchange_ns} ns is too late, {self._accepts_from_ns} ns is the earliest")
        self._arrivals += 1
        heapq.heappush(self._held, (event.exchange_ns, isinstance(event, BookUpdate), self._arrivals, item))
        self._newest_ns = max(self._newest_ns, event.exchange_ns)
        # Strictly older: a trade of exactly this time may still arrive, and goes before its update.
        yield from self._release(self._newest_ns - self._horizon_ns - 1)

    def rest(self) -> Iterator[Received]:
        """Yield everything that is still held."""
        yield from self._release(self._newest_ns)

    def _release(self, up_to_ns: int) -> Iterator[Received]:
        while self._held and self._held[0][0] <= up_to_ns:
            released_ns, _, _, item = heapq.heappop(self._held)
            self._accepts_from_ns = max(self._accepts_from_ns, released_ns + 1)
            yield item

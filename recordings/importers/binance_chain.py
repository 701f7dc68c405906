"""Building a market's book from numbered updates: where it may start, and when it is lost.

Every update covers the numbers after `covers_from` up to `last_id`: `covers_from` is `pu` of futures and
`U - 1` of spot. An update fits onto a book that stands at number n if `covers_from == n`, and onto a REST
snapshot if `covers_from <= lastUpdateId < last_id`: Binance's procedure for a local order book, for all venues.

Without a book nothing is recorded. A market waits for its first snapshot if the recording has one that fits.
After a gap it waits for one that came within a minute. Where there is none it warms up: it collects the
levels that updates name until both sides have 20 and ten seconds have passed, and starts with those ("partial"). A
partial book gives way to the first snapshot that fits.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Sequence
from typing import NamedTuple

from recordings.events import BookUpdate, Level
from recordings.importers.report import Tally

WARM_UP_LEVELS = 20
WARM_UP_NS = 10_000_000_000
LONGEST_WAIT_NS = 60_000_000_000


class RestSnapshot(NamedTuple):
    """A book that was asked for over REST; spot does not say of what time."""

    received_ns: int
    last_id: int
    exchange_ns: int | None
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class DepthDiff(NamedTuple):
    """One update of the stream."""

    received_ns: int
    exchange_ns: int
    covers_from: int
    last_id: int
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class BookChain:
    """Turn a market's updates into those that a reader can apply."""

    def __init__(self, snapshots: Sequence[RestSnapshot], *, tally: Tally, noticed: Counter[str]) -> None:
        self._snapshots = deque(sorted(snapshots, key=lambda snapshot: snapshot.last_id))
        self._tally = tally
        self._noticed = noticed
        self._warm_up: _WarmUp | None = None
        self._last_id: int | None = None
        self._is_partial = False
        self._had_gap = False

    @property
    def has_book(self) -> bool:
        """Return whether the book is known at this moment."""
        return self._last_id is not None

    def feed(self, diff: DepthDiff) -> list[BookUpdate]:
        """Return what to record for an update: nothing, itself, or a snapshot and perhaps itself."""
        if self._last_id is not None:
            if diff.last_id <= self._last_id:
                self._tally.drop("already_applied")
                return []
            if diff.covers_from != self._last_id:
                self._lose_book()
        snapshot = self._fitting_snapshot(diff)
        if snapshot is not None and (self._is_partial or self._last_id is None):
            return self._start(snapshot, diff)
        if self._last_id is None:
            return self._without_book(diff)
        self._last_id = diff.last_id
        return self._applied(diff)

    def _lose_book(self) -> None:
        self._noticed["gaps"] += 1
        self._last_id = None
        self._is_partial = False
        self._had_gap = True

    def _fitting_snapshot(self, diff: DepthDiff) -> RestSnapshot | None:
        while self._snapshots and self._snapshots[0].last_id < diff.covers_from:
            self._snapshots.popleft()
        if self._snapshots and self._snapshots[0].last_id < diff.last_id:
            return self._snapshots[0]
        return None

    def _start(self, snapshot: RestSnapshot, diff: DepthDiff) -> list[BookUpdate]:
        self._snapshots.popleft()
        self._noticed["snapshots_used"] += 1
        self._last_id, self._is_partial, self._warm_up = diff.last_id, False, None
        exchange_ns = min(snapshot.exchange_ns or diff.exchange_ns, diff.exchange_ns)
        start = BookUpdate(exchange_ns, True, snapshot.bids, snapshot.asks)
        return [start, *self._applied(diff)]

    def _applied(self, diff: DepthDiff) -> list[BookUpdate]:
        if not (diff.bids or diff.asks):
            self._tally.drop("without_levels")
            return []
        self._tally.kept += 1
        return [BookUpdate(diff.exchange_ns, False, diff.bids, diff.asks)]

    def _without_book(self, diff: DepthDiff) -> list[BookUpdate]:
        if self._waits_for_snapshot(diff):
            self._tally.drop("before_snapshot")
            return []
        if self._warm_up is None or self._warm_up.last_id != diff.covers_from:
            self._warm_up = _WarmUp(diff)
        self._warm_up.apply(diff)
        book = self._warm_up.book(diff.exchange_ns)
        if book is None:
            self._tally.drop("warm_up")
            return []
        self._last_id, self._is_partial, self._warm_up = diff.last_id, True, None
        self._noticed["partial_starts"] += 1
        self._tally.kept += 1
        return [book]

    def _waits_for_snapshot(self, diff: DepthDiff) -> bool:
        if not self._snapshots:
            return False
        return not self._had_gap or self._snapshots[0].received_ns - diff.received_ns <= LONGEST_WAIT_NS


class _WarmUp:
    """The levels that updates have named so far."""

    def __init__(self, first: DepthDiff) -> None:
        self.last_id = first.covers_from
        self._began_ns = first.exchange_ns
        self._bids: dict[int, int] = {}
        self._asks: dict[int, int] = {}

    def apply(self, diff: DepthDiff) -> None:
        self.last_id = diff.last_id
        for side, levels in ((self._bids, diff.bids), (self._asks, diff.asks)):
            side.update(levels)
            for price_ticks, quantity_lots in levels:
                if quantity_lots == 0:
                    del side[price_ticks]

    def book(self, exchange_ns: int) -> BookUpdate | None:
        """Return the book to start with, None while it is not warm."""
        if exchange_ns - self._began_ns < WARM_UP_NS:
            return None
        if min(len(self._bids), len(self._asks)) < WARM_UP_LEVELS or max(self._bids) >= min(self._asks):
            return None
        bids = sorted(self._bids.items(), reverse=True)
        return BookUpdate(exchange_ns, True, tuple(bids), tuple(sorted(self._asks.items())))

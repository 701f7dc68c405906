"""Joiner: one true book out of a REST snapshot and a stream of numbered updates.

Pure: no clock, no I/O. It either holds exactly the exchange's book or says that it needs a snapshot.

Rule of the exchange (docs of its streams): drop updates with ``u <= L`` (``L``: the snapshot's last id); the
first one applied has ``U <= L + 1 <= u``; from then on every ``U`` is the previous ``u`` plus one. Quantities
are absolute.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from enum import Enum, auto
from typing import Protocol

from trading.board.state import Flaw
from trading.core.book import Level, Levels, OrderBook
from trading.core.errors import ImpossibleMove
from trading.core.units import Side

DEFAULT_BUFFER = 10_000


class Update(Protocol):
    """One message of the depth stream: the ids it covers, and absolute levels."""

    @property
    def first_id(self) -> int: ...
    @property
    def last_id(self) -> int: ...
    @property
    def bids(self) -> Levels: ...
    @property
    def asks(self) -> Levels: ...
    @property
    def engine_us(self) -> int: ...


class JoinState(Enum):
    """How the book stands to the stream."""

    WAITING = auto()
    """No snapshot fits: updates are buffered."""
    ANCHORED = auto()
    """A snapshot lies, but no update has shown yet that the stream goes on from it."""
    JOINED = auto()
    """Snapshot and stream form one unbroken chain."""


class _Event(Enum):
    SNAPSHOT_LAID = auto()
    BRIDGED = auto()
    CHAINED = auto()
    DROPPED = auto()
    GAP_FOUND = auto()


_NEXT = {
    (JoinState.WAITING, _Event.SNAPSHOT_LAID): JoinState.ANCHORED,
    (JoinState.ANCHORED, _Event.SNAPSHOT_LAID): JoinState.ANCHORED,
    (JoinState.ANCHORED, _Event.DROPPED): JoinState.ANCHORED,  # older than the snapshot
    (JoinState.ANCHORED, _Event.BRIDGED): JoinState.JOINED,
    (JoinState.ANCHORED, _Event.GAP_FOUND): JoinState.WAITING,  # the snapshot is older than the stream
    (JoinState.JOINED, _Event.CHAINED): JoinState.JOINED,
    (JoinState.JOINED, _Event.DROPPED): JoinState.JOINED,  # a duplicate
    (JoinState.JOINED, _Event.GAP_FOUND): JoinState.WAITING,
}


class Step(Enum):
    """What an update did."""

    BUFFERED = auto()
    APPLIED = auto()
    DROPPED = auto()
    GAP = auto()


class Joiner:
    """Join one market's stream. The counters count since the beginning."""

    def __init__(self, *, buffer: int = DEFAULT_BUFFER) -> None:
        self.book = OrderBook()
        self.state = JoinState.WAITING
        self.sequence = 0
        self.engine_us = 0
        self.gaps = 0
        self.stale_snapshots = 0
        self.duplicates = 0
        self._buffer: deque[Update] = deque(maxlen=buffer)  # an overflow shows as a gap when it is replayed
        self._worst_known_bid: int | None = None
        self._worst_known_ask: int | None = None

    @property
    def needs_snapshot(self) -> bool:
        """Tell whether only a newer REST snapshot can help."""
        return self.state is JoinState.WAITING

    def reset(self) -> None:
        """Ask for a new snapshot and forget what is buffered.

        For a connection that ended (what comes next may have any ids) and for a book that cannot be right.
        """
        self.state = JoinState.WAITING
        self._buffer.clear()

    def snapshot(
        self, *, sequence: int, bids: Sequence[Level], asks: Sequence[Level], engine_us: int, limit: int
    ) -> JoinState:
        """Lay a REST snapshot under the buffered updates and return how the book stands now.

        ``limit`` is the number of levels asked for: a side that has as many may go on deeper, unknown to us.

        Raises: ImpossibleMove when the book is joined and needs none.
        """
        self.book.replace(bids, asks)
        self.sequence = sequence
        self.engine_us = engine_us
        self._worst_known_bid = min(ticks for ticks, _ in bids) if len(bids) >= limit else None
        self._worst_known_ask = max(ticks for ticks, _ in asks) if len(asks) >= limit else None
        self._move(_Event.SNAPSHOT_LAID)
        buffered = list(self._buffer)
        self._buffer.clear()
        for update in buffered:
            self.update(update)
        return self.state

    def update(self, update: Update) -> Step:
        """Take one message of the stream, in the order it came in."""
        if self.state is JoinState.WAITING:
            self._buffer.append(update)
            return Step.BUFFERED
        if update.last_id <= self.sequence:
            return self._drop(update)
        first_fits = (
            update.first_id <= self.sequence + 1
            if self.state is JoinState.ANCHORED
            else update.first_id == self.sequence + 1
        )
        if not first_fits:
            return self._gap(update)
        self.book.apply(update.bids, update.asks)
        self.sequence = update.last_id
        self.engine_us = update.engine_us
        self._move(_Event.BRIDGED if self.state is JoinState.ANCHORED else _Event.CHAINED)
        return Step.APPLIED

    def flaw(self, depth: int) -> Flaw:
        """Return why the best ``depth`` levels are not proven, or Flaw.NONE."""
        if self.state is not JoinState.JOINED:
            return Flaw.UNCHAINED
        if self.book.is_crossed:
            return Flaw.CROSSED
        if self.book.is_locked:
            return Flaw.LOCKED
        return Flaw.NONE if self._covers(depth) else Flaw.SHALLOW

    def _covers(self, depth: int) -> bool:
        """Tell whether the best levels all lie in the range that the last snapshot covered."""
        if self._worst_known_bid is not None:
            deepest = self.book.ticks_at(Side.BID, depth)
            if deepest is None or deepest < self._worst_known_bid:
                return False
        if self._worst_known_ask is not None:
            deepest = self.book.ticks_at(Side.ASK, depth)
            if deepest is None or deepest > self._worst_known_ask:
                return False
        return True

    def _drop(self, update: Update) -> Step:
        if self.state is JoinState.JOINED:
            if update.engine_us > self.engine_us:
                # Old ids with new time: the exchange began to count anew. Taken for duplicates they would
                # leave an old book looking alive for ever.
                return self._gap(update)
            self.duplicates += 1
        elif update.last_id == self.sequence:  # the stream stands exactly where the snapshot does
            self.engine_us = max(self.engine_us, update.engine_us)
            self._move(_Event.BRIDGED)
            return Step.DROPPED
        self._move(_Event.DROPPED)
        return Step.DROPPED

    def _gap(self, update: Update) -> Step:
        if self.state is JoinState.ANCHORED:
            self.stale_snapshots += 1
        else:
            self.gaps += 1
        self._buffer.append(update)
        self._move(_Event.GAP_FOUND)
        return Step.GAP

    def _move(self, event: _Event) -> None:
        try:
            self.state = _NEXT[self.state, event]
        except KeyError:
            raise ImpossibleMove(f"a joiner that is {self.state.name} does not know {event.name}") from None

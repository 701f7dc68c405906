"""Market state: the values that the feed publishes and that decisions read."""

from __future__ import annotations

from decimal import Decimal
from enum import IntEnum
from typing import NamedTuple

from trading.board.errors import SnapshotMissing
from trading.core.book import BookView, Levels


class Source(IntEnum):
    """Where a book came from."""

    STREAM = 1
    POLLED = 2
    """From REST: it has no chain of updates, so it serves exits and protection only."""


class Flaw(IntEnum):
    """Why a book is not proven."""

    NONE = 0
    CROSSED = 1
    LOCKED = 2
    GAPPED = 3
    """The chain of updates broke; this is the last book before the gap."""
    DISCONNECTED = 4
    """The stream ended; this is the last book of that connection."""
    UNCHAINED = 5
    """The book was polled and never had a chain."""
    SHALLOW = 6
    """The market moved to the edge of what the REST snapshot covered; deeper levels are not known."""


class Snapshot(NamedTuple):
    """The best levels of one market at one update.

    Units: ticks and lots; ``exchange_us`` is the engine's time, ``received_ns`` our wall clock when the
    frame of this update came in. ``sequence`` (the exchange's update id) compares only within one ``epoch``,
    the fencing token of the feed that wrote it.

    A flawed book is published and flagged rather than removed: exits and protection still need prices,
    entries ask for `proven`.
    """

    symbol: str
    sequence: int
    epoch: int
    exchange_us: int
    received_ns: int
    source: Source
    flaw: Flaw
    bids: Levels
    asks: Levels

    @property
    def proven(self) -> bool:
        """Tell whether an unbroken chain of updates leads here and the book is neither crossed nor locked."""
        return self.flaw is Flaw.NONE and self.source is Source.STREAM

    @property
    def view(self) -> BookView:
        """Return the levels as the value that strategies read."""
        return BookView(bids=self.bids, asks=self.asks)


class Mark(NamedTuple):
    """Mark and index price of one market, with the running funding rate where the market has one.

    Units: ticks as Decimal, because a mark price may lie between two ticks; ``funding_rate`` per funding
    interval, as a ratio.
    """

    price_ticks: Decimal
    index_ticks: Decimal | None
    funding_rate: Decimal | None
    next_funding_ms: int | None
    exchange_us: int | None
    received_ns: int


class KnownMarket(NamedTuple):
    """A market's state with no part missing."""

    snapshot: Snapshot
    alive_ns: int
    mark: Mark


class MarketState(NamedTuple):
    """What Redis holds about a market; ``None`` is a part that is not there."""

    symbol: str
    snapshot: Snapshot | None
    alive_ns: int | None
    mark: Mark | None

    def require(self) -> KnownMarket:
        """Return the state with all parts. Raises: SnapshotMissing naming the first that is not there."""
        return KnownMarket(self.require_book(), self.require_alive(), self.require_mark())

    def require_book(self) -> Snapshot:
        """Return the book. Raises: SnapshotMissing."""
        if self.snapshot is None:
            raise SnapshotMissing(f"no book of {self.symbol}")
        return self.snapshot

    def require_alive(self) -> int:
        """Return when the last frame of the book's connection came in. Raises: SnapshotMissing."""
        if self.alive_ns is None:
            raise SnapshotMissing(f"no sign of life of the stream of {self.symbol}")
        return self.alive_ns

    def require_mark(self) -> Mark:
        """Return the mark price. Raises: SnapshotMissing."""
        if self.mark is None:
            raise SnapshotMissing(f"no mark price of {self.symbol}")
        return self.mark

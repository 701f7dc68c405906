"""Outbox: what one symbol still has to publish, and when.

Nothing counts as published before Redis said so: after a failed round trip everything is due again.
"""

from __future__ import annotations

from trading.feed.lease import Lease
from trading.feed.market import MarketFeed
from trading.feed.publisher import Publication
from trading.feed.rules import FeedRules


class Outbox:
    """Collect changes of one symbol into publications under its lease.

    A sign of life goes out only once this lease and this connection have published a book: it must never make
    the book of an earlier feed or connection look alive.
    """

    def __init__(self, market: MarketFeed, rules: FeedRules) -> None:
        self.market = market
        self.lease: Lease | None = None
        self._heartbeat_ns = rules.heartbeat_ms * 1_000_000
        self._alive_every_ns = rules.alive_ms * 1_000_000
        self._book_due = False
        self._mark_due = False
        self._book_is_out = False
        self._oldest_ns: int | None = None
        self._alive_ns: int | None = None
        self._alive_out_ns = 0
        self._evaluated_at_ns = 0

    def hold(self, lease: Lease) -> None:
        """Begin to publish under a new lease, with everything that is known."""
        self.lease = lease
        self._book_due = self._mark_due = True
        self._book_is_out = False

    def drop(self) -> None:
        """Stop publishing: the lease is gone."""
        self.lease = None

    def book_changed(self, received_ns: int) -> None:
        """Take note of a new book; the oldest one not published yet is what latency counts from."""
        self._book_due = True
        if self._oldest_ns is None:
            self._oldest_ns = received_ns

    def mark_changed(self) -> None:
        """Take note of a new mark price."""
        self._mark_due = True

    def heard(self, received_ns: int) -> None:
        """Take note of a frame, of whatever stream, on the connection of this book."""
        self._alive_ns = received_ns

    def connection_changed(self) -> None:
        """Take note that a connection began or ended: its book goes out before its signs of life."""
        self._book_due = True
        self._book_is_out = False
        self._alive_ns = None

    def publication(self, *, now_ns: int, wall_ns: int) -> Publication | None:
        """Return what is due now, or None when nothing is or the lease is not held."""
        if self.lease is None:
            return None
        heartbeat = now_ns - self._evaluated_at_ns >= self._heartbeat_ns
        alive_ns = self._alive_ns_due()
        if not (self._book_due or self._mark_due or heartbeat or alive_ns):
            return None
        snapshot = self.market.snapshot(epoch=self.lease.epoch) if self._book_due else None
        oldest_ns = self._oldest_ns
        if oldest_ns is None and heartbeat:
            oldest_ns = wall_ns
        return Publication(
            lease=self.lease,
            snapshot=snapshot,
            alive_ns=self._alive_ns if snapshot is not None or self._book_is_out else None,
            mark=self.market.mark if self._mark_due else None,
            oldest_received_ns=oldest_ns,
        )

    def confirm(self, published: Publication, *, now_ns: int) -> None:
        """Take note that a publication is in Redis."""
        self._book_due = self._mark_due = False
        self._oldest_ns = None
        self._book_is_out = self._book_is_out or published.snapshot is not None
        if published.alive_ns is not None:
            self._alive_out_ns = published.alive_ns
        if published.oldest_received_ns is not None:
            self._evaluated_at_ns = now_ns

    def _alive_ns_due(self) -> int | None:
        if self._alive_ns is None or not self._book_is_out:
            return None
        return self._alive_ns if self._alive_ns - self._alive_out_ns >= self._alive_every_ns else None

"""Rules of a feed: its depths and its times, all in wall time."""

from __future__ import annotations

from dataclasses import dataclass

from trading.board.conflation import DEFAULT_HEARTBEAT_MS, DEFAULT_PENDING_MS
from trading.feed.lease import DEFAULT_LEASE_MS


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedRules:
    """How a feed behaves.

    Raises: ValueError when the REST snapshot is not clearly deeper than what is published, or when a lease
            could end between two heartbeats.
    """

    depth: int = 20
    """Levels per side in a published snapshot."""
    snapshot_limit: int = 1_000
    """Levels per side asked of REST, one of those that the exchange knows."""
    heartbeat_ms: int = DEFAULT_HEARTBEAT_MS
    """At least so often each symbol is published and evaluated, also when its book is quiet."""
    alive_ms: int = 50
    """At least so often a sign of life goes out while frames come in but this book does not change."""
    poll_ms: int = 1_000
    """How often REST is asked while the stream is down."""
    silence_ms: int = 10_000
    """A connection that says nothing for so long is taken for dead and opened anew."""
    broken_ms: int = 1_000
    """A book that stays crossed or locked for so long is fetched anew."""
    anchored_ms: int = 5_000
    """A REST snapshot that no update has joined for so long is fetched anew."""
    first_delay_ms: int = 300
    """On a new connection REST is asked after the first update, or after so long without one."""
    lease_ms: int = DEFAULT_LEASE_MS
    pending_ms: int = DEFAULT_PENDING_MS
    connect_timeout_s: float = 5.0

    def __post_init__(self) -> None:
        if self.depth < 1 or self.snapshot_limit < 2 * self.depth:
            raise ValueError(f"a snapshot of {self.snapshot_limit} cannot carry a depth of {self.depth}")
        if self.lease_ms < 2 * self.heartbeat_ms:
            raise ValueError(f"{self.lease_ms} ms of lease end before a heartbeat of {self.heartbeat_ms} ms")


DEFAULT_RULES = FeedRules()

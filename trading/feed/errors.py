"""Errors of the feed.

FeedError
├── SnapshotMissing    Redis holds no book, no sign of life or no mark for the symbol: veto
├── SnapshotCorrupt    what Redis holds does not decode: veto, and somebody looks at it
├── LeaseLost          another feed serves the symbol, or the lease ran out: stop publishing
└── EnqueueFailed      no evaluation will run for a mark that was set: take it off, the next update tries anew
"""

from __future__ import annotations


class FeedError(Exception):
    """Base of everything that goes wrong between the streams and the book in Redis."""


class SnapshotMissing(FeedError):
    """A part of the market's state is not in Redis; the caller vetoes, nothing stands in for it."""


class SnapshotCorrupt(FeedError):
    """A value in Redis does not decode; the caller vetoes."""


class LeaseLost(FeedError):
    """This feed no longer holds the symbol's lease; the caller stops publishing at once."""


class EnqueueFailed(FeedError):
    """An evaluation could not be enqueued; raised by the injected callable, counted by the feed."""

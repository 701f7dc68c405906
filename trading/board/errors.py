"""Errors of the board.

BoardError
├── SnapshotMissing    Redis holds no book, no sign of life or no mark for the symbol: veto
├── SnapshotCorrupt    what Redis holds does not decode: veto, and somebody looks at it
└── EnqueueFailed      no evaluation will run for a mark that was set: take it off, the next update tries anew
"""

from __future__ import annotations


class BoardError(Exception):
    """Base of everything that goes wrong between the book in Redis and those who read it."""


class SnapshotMissing(BoardError):
    """A part of the market's state is not in Redis; the caller vetoes, nothing stands in for it."""


class SnapshotCorrupt(BoardError):
    """A value in Redis does not decode; the caller vetoes."""


class EnqueueFailed(BoardError):
    """An evaluation could not be enqueued; raised by the injected callable, counted by the feed."""

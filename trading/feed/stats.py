"""Statistics: what a feed counted for one symbol since it started."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import orjson


@dataclass(slots=True)
class FeedStats:
    """Counters of one symbol; they only go up."""

    frames: int = 0
    updates: int = 0
    duplicates: int = 0
    gaps: int = 0
    stale_snapshots: int = 0
    joins: int = 0
    """How often snapshot and stream became one chain: one more than the resyncs."""
    connections: int = 0
    """How often the stream was opened: one more than the reconnects."""
    polls: int = 0
    published: int = 0
    evaluations: int = 0
    enqueue_failures: int = 0
    unreadable: int = 0
    rest_failures: int = 0
    lease_losses: int = 0

    def to_json(self, **state: str | int | bool) -> bytes:
        """Return the counters and some state as JSON."""
        return orjson.dumps({**asdict(self), **state})

"""Wiring: what a feed is connected to."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from redis import Redis

from trading.board.conflation import Enqueue, PrebuildTask
from trading.board.keys import DEFAULT_KEYS, Keys
from trading.feed.ports import Decoder, MarketReader, OpenStream
from trading.feed.publisher import Shards


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedSources:
    """Where market data comes from."""

    open_stream: OpenStream
    reader: MarketReader
    decoder: Decoder


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedTargets:
    """Where the books go and who is asked to evaluate them.

    ``redis`` needs a socket time-out: a feed that hangs in Redis reads no stream. With ``prebuild`` the evaluations
    are pushed by the publishing script itself and ``enqueue`` is not called.
    """

    redis: Redis
    shards: Shards
    enqueue: Enqueue
    prebuild: PrebuildTask | None = None
    keys: Keys = DEFAULT_KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class FeedClock:
    """Time and chance of a feed."""

    wall_ns: Callable[[], int] = time.time_ns
    monotonic_ns: Callable[[], int] = time.monotonic_ns
    random: Callable[[], float] = field(default=random.random)

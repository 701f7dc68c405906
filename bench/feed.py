"""Bench: microseconds from a frame in memory to the book in Redis, through the whole feed.

    REDIS_URL=unix:///path python -m bench.feed [updates]

The floor, measured in the same run, is a single SET of as many bytes over the same connection.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from redis import Redis

from bench.book import GRID, start_book, updates
from trading.board.conflation import take
from trading.board.keys import Keys
from trading.board.snapshots import load
from trading.exchange.readings import DepthSnapshot, MarkPrice
from trading.feed.backpack import BackpackDecoder
from trading.feed.wiring import FeedSources, FeedTargets
from trading.feed.worker import FeedWorker

SYMBOL = "BTC_USDC_PERP"
KEYS = Keys(prefix=f"bench-{os.getpid()}")
DEPTH_STREAM = f"depth.{SYMBOL}"


class MemoryFrame(NamedTuple):
    """A frame that never was on a wire."""

    stream: str
    data: Mapping[str, Any]
    received_ns: int


class MemoryStream:
    """Hands out one frame per read."""

    def __init__(self) -> None:
        self.waiting: MemoryFrame | None = None

    def subscribe(self, streams: Sequence[str]) -> None:
        """Take the subscription; frames come when they are put in."""

    def receive(self, timeout_s: float) -> MemoryFrame | None:
        """Return the frame that waits."""
        frame, self.waiting = self.waiting, None
        return frame

    def has_more(self) -> bool:
        """Tell whether a frame waits."""
        return self.waiting is not None

    def close(self) -> None:
        """Close nothing."""


class MemoryReader:
    """Answers with the book to start from."""

    def depth(self, symbol: str, *, limit: int) -> DepthSnapshot:
        """Return the first book."""
        bids, asks = (tuple((GRID.price(ticks), GRID.quantity(lots)) for ticks, lots in side) for side in start_book())
        return DepthSnapshot(symbol, 0, bids, asks, 0)

    def mark_prices(self, symbol: str | None = None) -> list[MarkPrice]:
        """Return a mark price."""
        return [MarkPrice(SYMBOL, Decimal(86_000), None, None, None)]


def frames(count: int) -> list[dict[str, Any]]:
    """Return depth messages of 12 levels, as the JSON parser leaves them."""
    return [
        {
            "s": SYMBOL,
            "U": i,
            "u": i,
            "T": i,
            "E": i,
            "b": [[f"{ticks / 10:.1f}", f"{lots / 100_000:.5f}"] for ticks, lots in bids],
            "a": [[f"{ticks / 10:.1f}", f"{lots / 100_000:.5f}"] for ticks, lots in asks],
        }
        for i, (bids, asks) in enumerate(updates(count), start=1)
    ]


def quantile_us(times_ns: list[int], quantile: float) -> float:
    """Return a quantile of some times in microseconds."""
    return sorted(times_ns)[int(quantile * (len(times_ns) - 1))] / 1_000


def report(name: str, times_ns: list[int]) -> None:
    """Print one line of figures."""
    p50, p99 = quantile_us(times_ns, 0.5), quantile_us(times_ns, 0.99)
    print(f"{name:34} p50 {p50:8.1f} us   p99 {p99:8.1f} us")


def main(count: int) -> None:
    """Print the figures of one run."""
    redis = Redis.from_url(os.environ["REDIS_URL"], socket_timeout=5)
    stream, enqueued = MemoryStream(), []
    feed = FeedWorker(
        grids={SYMBOL: GRID},
        sources=FeedSources(open_stream=lambda: stream, reader=MemoryReader(), decoder=BackpackDecoder()),
        targets=FeedTargets(
            redis=redis,
            shards=lambda _symbol: (0, 1),
            enqueue=lambda *, symbol, shard: enqueued.append(shard),
            keys=KEYS,
        ),
        owner="bench",
    )
    while load(redis, SYMBOL, keys=KEYS).snapshot is None:
        feed.step()
        time.sleep(0.01)

    steps_ns, loads_ns, floor_ns = [], [], []
    payload = b"x" * 697
    for data in frames(count):
        stream.waiting = MemoryFrame(DEPTH_STREAM, data, time.time_ns())
        started_ns = time.perf_counter_ns()
        feed.step()
        published_ns = time.perf_counter_ns()
        take(redis, SYMBOL, 0, keys=KEYS)
        taken_ns = time.perf_counter_ns()
        load(redis, SYMBOL, keys=KEYS)
        loaded_ns = time.perf_counter_ns()
        redis.set(KEYS.book("floor"), payload)
        steps_ns.append(published_ns - started_ns)
        loads_ns.append(loaded_ns - taken_ns)
        floor_ns.append(time.perf_counter_ns() - loaded_ns)
    assert load(redis, SYMBOL, keys=KEYS).require_book().sequence == count
    report("frame to book and mark in Redis", steps_ns)
    report("load of the market's state", loads_ns)
    report("floor: one SET of 697 bytes", floor_ns)
    print(f"{feed.stats()[SYMBOL]}")
    feed.close()
    left = list(redis.scan_iter(match=f"{KEYS.prefix}:*", count=1_000))
    if left:
        redis.delete(*left)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5_000)

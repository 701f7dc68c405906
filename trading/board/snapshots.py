"""Snapshots: how a market's state is written to Redis and read from it."""

from __future__ import annotations

from redis import Redis
from redis.client import Pipeline

from trading.board.codec import decode, decode_mark, encode, encode_mark
from trading.board.errors import SnapshotCorrupt
from trading.board.keys import DEFAULT_KEYS, Keys
from trading.board.state import Flaw, KnownMarket, Mark, MarketState, Snapshot, Source

__all__ = [
    "Flaw",
    "KnownMarket",
    "Mark",
    "MarketState",
    "Snapshot",
    "Source",
    "book_age_ms",
    "load",
    "mark_age_ms",
    "publish",
]


def publish(
    pipeline: Pipeline | Redis,
    *,
    symbol: str,
    snapshot: Snapshot | None = None,
    alive_ns: int | None = None,
    mark: Mark | None = None,
    keys: Keys = DEFAULT_KEYS,
) -> None:
    """Write the given parts without asking for a lease: for tests and tools.

    The feed itself writes through `trading.feed.publisher`, which cannot overwrite a newer feed's book.
    """
    if snapshot is not None:
        pipeline.set(keys.book(symbol), encode(snapshot))
    if alive_ns is not None:
        pipeline.set(keys.alive(symbol), alive_ns)
    if mark is not None:
        pipeline.set(keys.mark(symbol), encode_mark(mark))


def load(redis: Redis, symbol: str, *, keys: Keys = DEFAULT_KEYS) -> MarketState:
    """Return the state of a market, read at one instant with one MGET.

    ``redis`` must return bytes (``decode_responses=False``).

    Raises: SnapshotCorrupt when a part does not decode. A part that is not there is ``None``.
    """
    raw_book, raw_alive, raw_mark = redis.mget(keys.book(symbol), keys.alive(symbol), keys.mark(symbol))
    return MarketState(
        symbol=symbol,
        snapshot=None if raw_book is None else decode(_bytes(raw_book)),
        alive_ns=None if raw_alive is None else _decode_ns(_bytes(raw_alive)),
        mark=None if raw_mark is None else decode_mark(_bytes(raw_mark)),
    )


def book_age_ms(state: MarketState, *, now_ns: int, speed: float) -> float:
    """Return how long ago the book last proved itself alive.

    A streamed book counts from the last frame of its connection, a polled one from its own arrival.

    Units:  ms of market time: wall time multiplied by the replay's ``speed`` (1.0 live).
    Raises: SnapshotMissing when there is no book, or no sign of life of a streamed one.
    """
    snapshot = state.require_book()
    since_ns = snapshot.received_ns if snapshot.source is Source.POLLED else state.require_alive()
    # A sign of life from the future means that two clocks disagree: by as much it is not to be trusted.
    return abs(now_ns - since_ns) / 1e6 * speed


def mark_age_ms(mark: Mark, *, now_ns: int, speed: float) -> float:
    """Return how long ago a mark price came in. Units: ms of market time."""
    return abs(now_ns - mark.received_ns) / 1e6 * speed


def _bytes(raw: bytes | str) -> bytes:
    if isinstance(raw, str):
        raise TypeError("the Redis client must return bytes: decode_responses=False")
    return raw


def _decode_ns(raw: bytes) -> int:
    try:
        return int(raw)
    except ValueError as error:
        raise SnapshotCorrupt(f"no time: {raw[:80]!r}") from error

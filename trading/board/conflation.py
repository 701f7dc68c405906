"""Conflation: at most one evaluation under way per symbol and shard, by a mark that cannot get stuck.

The feed sets the mark in the same step that publishes the book (see `trading.feed.publisher`); who sets it
enqueues one evaluation. The worker takes the mark off *before* it loads the book, so an update that comes in
between sets a new mark and none falls through. A mark whose evaluation died ends by itself and is set again
by the next update or heartbeat.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple, Protocol

from redis import Redis

from trading.board.errors import EnqueueFailed, SnapshotCorrupt
from trading.board.keys import DEFAULT_KEYS, Keys

DEFAULT_PENDING_MS = 1_000
"""Life of a mark: as long as the evaluation's own ``expires``, after which nobody runs it any more."""

DEFAULT_HEARTBEAT_MS = 250
"""Wall time between evaluations of a quiet book: exits that depend on time need them."""

_DISARM = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


class Enqueue(Protocol):
    """Ask for one evaluation of a symbol by a shard. Raises: EnqueueFailed when nobody will run it."""

    def __call__(self, *, symbol: str, shard: int) -> None: ...


class PrebuiltTask(NamedTuple):
    """A message for a queue in this same Redis, pushed by the very script that publishes."""

    queue_key: str
    message: bytes


class PrebuildTask(Protocol):
    """Return the message that asks for one evaluation of a symbol by a shard."""

    def __call__(self, *, symbol: str, shard: int) -> PrebuiltTask: ...


def take(redis: Redis, symbol: str, shard: int, *, keys: Keys = DEFAULT_KEYS) -> int | None:
    """Take the mark off and return when the oldest update not evaluated yet was received, in ns.

    The worker calls it before it loads the snapshot. None: the mark ended by itself or another delivery of
    the same evaluation took it; evaluating all the same is harmless.
    """
    raw = redis.getdel(keys.pending(symbol, shard))
    if raw is None:
        return None
    try:
        return int(raw)
    except ValueError as error:
        raise SnapshotCorrupt(f"pending mark of {symbol} shard {shard}: {raw[:80]!r}") from error


def enqueue_armed(
    redis: Redis,
    enqueue: Enqueue,
    *,
    symbol: str,
    shards: Iterable[int],
    received_ns: int,
    keys: Keys = DEFAULT_KEYS,
) -> int:
    """Enqueue an evaluation for each shard whose mark was just set; return how many could not be.

    A shard that nobody will evaluate loses its mark again, so that the next update tries anew.
    """
    failed = 0
    for shard in shards:
        try:
            enqueue(symbol=symbol, shard=shard)
        except EnqueueFailed:
            disarm(redis, symbol, shard, received_ns=received_ns, keys=keys)
            failed += 1
        except BaseException:
            disarm(redis, symbol, shard, received_ns=received_ns, keys=keys)
            raise
    return failed


def disarm(redis: Redis, symbol: str, shard: int, *, received_ns: int, keys: Keys = DEFAULT_KEYS) -> bool:
    """Take the mark off if it is still the one with this value; tell whether it was."""
    return bool(redis.eval(_DISARM, 1, keys.pending(symbol, shard), str(received_ns)))

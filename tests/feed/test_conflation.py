"""Conflation: one evaluation at a time, and no mark that gets stuck."""

from __future__ import annotations

import time

import pytest
from redis import Redis

from tests.feed.values import SYMBOL
from trading.board.conflation import disarm, enqueue_armed, take
from trading.board.errors import EnqueueFailed, SnapshotCorrupt
from trading.board.keys import Keys
from trading.feed.lease import Lease, Leases
from trading.feed.publisher import Publication, Publisher


class Queue:
    """Remembers what was enqueued; refuses the shards it is told to."""

    def __init__(self, *, refuses: tuple[int, ...] = (), breaks: tuple[int, ...] = ()) -> None:
        self.tasks: list[tuple[str, int]] = []
        self._refuses = refuses
        self._breaks = breaks

    def __call__(self, *, symbol: str, shard: int) -> None:
        if shard in self._refuses:
            raise EnqueueFailed("the broker is away")
        if shard in self._breaks:
            raise KeyboardInterrupt
        self.tasks.append((symbol, shard))


def arm(redis: Redis, keys: Keys, *, received_ns: int, pending_ms: int = 60_000) -> tuple[int, ...]:
    redis.delete(keys.lease(SYMBOL))
    lease = Leases(redis, owner="a", ttl_ms=60_000, keys=keys).acquire(SYMBOL)
    assert isinstance(lease, Lease)
    feed = Publisher(redis, shards=lambda _symbol: (0, 1), pending_ms=pending_ms, keys=keys)
    (published,) = feed.publish([Publication(lease, None, None, None, received_ns)])
    return published.armed


def test_the_worker_takes_the_time_of_the_oldest_update_not_evaluated_yet(redis_client: Redis, keys: Keys) -> None:
    arm(redis_client, keys, received_ns=1_000)
    arm(redis_client, keys, received_ns=2_000)

    assert take(redis_client, SYMBOL, 0, keys=keys) == 1_000
    assert take(redis_client, SYMBOL, 0, keys=keys) is None


def test_an_update_between_taking_the_mark_and_loading_the_book_asks_for_another_evaluation(
    redis_client: Redis, keys: Keys
) -> None:
    arm(redis_client, keys, received_ns=1_000)
    take(redis_client, SYMBOL, 0, keys=keys)

    assert arm(redis_client, keys, received_ns=2_000) == (0,)


def test_each_armed_shard_is_enqueued_once(redis_client: Redis, keys: Keys) -> None:
    queue = Queue()

    failed = enqueue_armed(redis_client, queue, symbol=SYMBOL, shards=(0, 1), received_ns=1, keys=keys)

    assert (queue.tasks, failed) == ([(SYMBOL, 0), (SYMBOL, 1)], 0)


def test_a_shard_that_could_not_be_enqueued_is_armed_again_by_the_next_update(redis_client: Redis, keys: Keys) -> None:
    queue = Queue(refuses=(0,))
    armed = arm(redis_client, keys, received_ns=1_000)

    failed = enqueue_armed(redis_client, queue, symbol=SYMBOL, shards=armed, received_ns=1_000, keys=keys)

    assert (queue.tasks, failed) == ([(SYMBOL, 1)], 1)
    assert arm(redis_client, keys, received_ns=2_000) == (0,)


def test_a_callable_that_breaks_leaves_no_mark_behind_and_is_not_silenced(redis_client: Redis, keys: Keys) -> None:
    arm(redis_client, keys, received_ns=1_000)

    with pytest.raises(KeyboardInterrupt):
        enqueue_armed(redis_client, Queue(breaks=(0,)), symbol=SYMBOL, shards=(0,), received_ns=1_000, keys=keys)

    assert take(redis_client, SYMBOL, 0, keys=keys) is None


def test_a_mark_that_somebody_else_has_set_since_is_left_alone(redis_client: Redis, keys: Keys) -> None:
    arm(redis_client, keys, received_ns=2_000)

    assert not disarm(redis_client, SYMBOL, 0, received_ns=1_000, keys=keys)
    assert take(redis_client, SYMBOL, 0, keys=keys) == 2_000


def test_a_mark_whose_evaluation_died_ends_by_itself(redis_client: Redis, keys: Keys) -> None:
    arm(redis_client, keys, received_ns=1_000, pending_ms=20)
    time.sleep(0.04)

    assert arm(redis_client, keys, received_ns=2_000) == (0, 1)


def test_a_mark_that_is_no_number_is_corrupt(redis_client: Redis, keys: Keys) -> None:
    redis_client.set(keys.pending(SYMBOL, 0), "soon")

    with pytest.raises(SnapshotCorrupt):
        take(redis_client, SYMBOL, 0, keys=keys)

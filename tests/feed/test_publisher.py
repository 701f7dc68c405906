"""Publishing under a lease, on a real Redis."""

from __future__ import annotations

import pytest
from redis import Redis

from tests.feed.values import SYMBOL, mark, snapshot
from trading.board.conflation import PrebuiltTask
from trading.board.keys import Keys
from trading.board.snapshots import load
from trading.feed.lease import Lease, Leases
from trading.feed.publisher import Publication, Publisher


def lease_of(redis: Redis, keys: Keys, *, symbol: str = SYMBOL, owner: str = "a") -> Lease:
    lease = Leases(redis, owner=owner, ttl_ms=60_000, keys=keys).acquire(symbol)
    assert lease is not None
    return lease


def publisher(redis: Redis, keys: Keys, *, shards: tuple[int, ...] = (0, 1)) -> Publisher:
    return Publisher(redis, shards=lambda _symbol: shards, keys=keys)


def publication(lease: Lease, *, sequence: int = 7, received_ns: int | None = 1_000) -> Publication:
    return Publication(
        lease=lease,
        snapshot=snapshot(symbol=lease.symbol, sequence=sequence),
        alive_ns=1_000,
        mark=mark(),
        oldest_received_ns=received_ns,
    )


def test_the_holder_writes_all_parts_and_sets_the_mark_of_each_shard(redis_client: Redis, keys: Keys) -> None:
    lease = lease_of(redis_client, keys)

    (published,) = publisher(redis_client, keys).publish([publication(lease)])

    assert published.held
    assert published.armed == (0, 1)
    assert load(redis_client, SYMBOL, keys=keys).require() == (snapshot(), 1_000, mark())
    assert redis_client.get(keys.pending(SYMBOL, 1)) == b"1000"
    assert 0 < redis_client.pttl(keys.pending(SYMBOL, 1)) <= 1_000


def test_a_paused_feed_cannot_overwrite_the_book_of_the_feed_that_took_over(redis_client: Redis, keys: Keys) -> None:
    old = lease_of(redis_client, keys, owner="paused")
    redis_client.delete(keys.lease(SYMBOL))
    new = lease_of(redis_client, keys, owner="standby")
    publisher(redis_client, keys, shards=()).publish([publication(new, sequence=9)])

    (published,) = publisher(redis_client, keys).publish([publication(old, sequence=8)])

    assert not published.held
    assert load(redis_client, SYMBOL, keys=keys).require_book().sequence == 9
    assert redis_client.get(keys.pending(SYMBOL, 0)) is None


def test_a_lease_that_ran_out_stops_publishing_even_if_nobody_took_it(redis_client: Redis, keys: Keys) -> None:
    lease = lease_of(redis_client, keys)
    redis_client.delete(keys.lease(SYMBOL))

    (published,) = publisher(redis_client, keys).publish([publication(lease)])

    assert not published.held
    assert load(redis_client, SYMBOL, keys=keys).snapshot is None


def test_publishing_prolongs_the_lease(redis_client: Redis, keys: Keys) -> None:
    lease = lease_of(redis_client, keys)
    redis_client.pexpire(keys.lease(SYMBOL), 500)

    publisher(redis_client, keys).publish([publication(lease)])

    assert redis_client.pttl(keys.lease(SYMBOL)) > 500


def test_a_mark_that_is_set_stays_with_its_oldest_time_and_arms_nothing(redis_client: Redis, keys: Keys) -> None:
    lease = lease_of(redis_client, keys)
    feed = publisher(redis_client, keys)
    feed.publish([publication(lease, received_ns=1_000)])

    (published,) = feed.publish([publication(lease, received_ns=2_000)])

    assert (published.held, published.armed) == (True, ())
    assert redis_client.get(keys.pending(SYMBOL, 0)) == b"1000"


def test_without_a_time_no_evaluation_is_asked_for(redis_client: Redis, keys: Keys) -> None:
    lease = lease_of(redis_client, keys)

    (published,) = publisher(redis_client, keys).publish([publication(lease, received_ns=None)])

    assert (published.held, published.armed) == (True, ())
    assert redis_client.get(keys.pending(SYMBOL, 0)) is None


def test_several_symbols_are_published_at_once_and_each_asks_its_own_lease(redis_client: Redis, keys: Keys) -> None:
    held, stranger = lease_of(redis_client, keys, symbol="A"), Lease(symbol="B", epoch=1, owner="nobody")

    answers = publisher(redis_client, keys).publish([publication(held), publication(stranger)])

    assert [answer.held for answer in answers] == [True, False]
    assert load(redis_client, "A", keys=keys).snapshot is not None
    assert load(redis_client, "B", keys=keys).snapshot is None


@pytest.mark.parametrize("symbols", [("A",), ("A", "B")])
def test_a_redis_that_forgot_the_script_is_taught_again(
    redis_client: Redis, keys: Keys, symbols: tuple[str, ...]
) -> None:
    held = [lease_of(redis_client, keys, symbol=symbol) for symbol in symbols]
    feed = publisher(redis_client, keys)
    feed.publish([publication(lease, received_ns=None) for lease in held])
    redis_client.script_flush()

    answers = feed.publish([publication(lease) for lease in held])

    assert [answer.armed for answer in answers] == [(0, 1)] * len(symbols)


def test_prebuilt_tasks_are_pushed_once_per_mark(redis_client: Redis, keys: Keys) -> None:
    queue = f"{keys.prefix}:queue"
    lease = lease_of(redis_client, keys)
    feed = Publisher(
        redis_client,
        shards=lambda _symbol: (3, 4),
        prebuild=lambda *, symbol, shard: PrebuiltTask(queue, f"{symbol} {shard}".encode()),
        keys=keys,
    )

    feed.publish([publication(lease)])
    feed.publish([publication(lease)])

    assert redis_client.lrange(queue, 0, -1) == [b"SOL_USDC_PERP 4", b"SOL_USDC_PERP 3"]

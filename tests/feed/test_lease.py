"""The lease: one feed per symbol, on a real Redis."""

from __future__ import annotations

import time

import pytest
from redis import Redis

from tests.feed.values import SYMBOL
from trading.board.keys import Keys
from trading.feed.errors import LeaseLost
from trading.feed.lease import Leases


def leases(redis: Redis, keys: Keys, owner: str, *, ttl_ms: int = 60_000) -> Leases:
    return Leases(redis, owner=owner, ttl_ms=ttl_ms, keys=keys)


def test_only_one_of_two_feeds_gets_the_lease(redis_client: Redis, keys: Keys) -> None:
    first = leases(redis_client, keys, "a").acquire(SYMBOL)

    assert first is not None
    assert leases(redis_client, keys, "b").acquire(SYMBOL) is None
    assert leases(redis_client, keys, "a").acquire(SYMBOL) is None


def test_leases_of_two_symbols_are_independent(redis_client: Redis, keys: Keys) -> None:
    assert leases(redis_client, keys, "a").acquire("A") is not None
    assert leases(redis_client, keys, "b").acquire("B") is not None


def test_a_lease_that_is_not_renewed_ends_and_the_standby_gets_a_higher_epoch(redis_client: Redis, keys: Keys) -> None:
    first = leases(redis_client, keys, "a", ttl_ms=30).acquire(SYMBOL)
    time.sleep(0.05)
    second = leases(redis_client, keys, "b").acquire(SYMBOL)

    assert first is not None
    assert second is not None
    assert second.epoch > first.epoch


def test_renewing_keeps_the_lease(redis_client: Redis, keys: Keys) -> None:
    holder = leases(redis_client, keys, "a", ttl_ms=30)
    lease = holder.acquire(SYMBOL)
    assert lease is not None

    leases(redis_client, keys, "a", ttl_ms=60_000).renew(lease)

    assert redis_client.pttl(keys.lease(SYMBOL)) > 30


def test_an_ended_lease_cannot_be_renewed_even_if_nobody_took_it(redis_client: Redis, keys: Keys) -> None:
    holder = leases(redis_client, keys, "a", ttl_ms=20)
    lease = holder.acquire(SYMBOL)
    assert lease is not None
    time.sleep(0.04)

    with pytest.raises(LeaseLost):
        holder.renew(lease)


def test_a_released_lease_is_free_at_once(redis_client: Redis, keys: Keys) -> None:
    holder = leases(redis_client, keys, "a")
    lease = holder.acquire(SYMBOL)
    assert lease is not None

    assert holder.release(lease)
    assert leases(redis_client, keys, "b").acquire(SYMBOL) is not None


def test_releasing_an_old_lease_leaves_the_new_one_alone(redis_client: Redis, keys: Keys) -> None:
    holder = leases(redis_client, keys, "a", ttl_ms=20)
    old = holder.acquire(SYMBOL)
    assert old is not None
    time.sleep(0.04)
    new = holder.acquire(SYMBOL)
    assert new is not None

    assert not holder.release(old)
    leases(redis_client, keys, "a").renew(new)


def test_the_epoch_goes_up_even_if_redis_lost_its_counter(redis_client: Redis, keys: Keys) -> None:
    holder = leases(redis_client, keys, "a")
    first = holder.acquire(SYMBOL)
    redis_client.delete(keys.lease(SYMBOL), keys.epoch(SYMBOL))
    time.sleep(0.002)

    second = holder.acquire(SYMBOL)

    assert first is not None
    assert second is not None
    assert second.epoch > first.epoch


def test_the_epoch_goes_up_even_if_the_clock_of_redis_stands_in_the_past(redis_client: Redis, keys: Keys) -> None:
    ahead = 2**52
    redis_client.set(keys.epoch(SYMBOL), ahead)

    lease = leases(redis_client, keys, "a").acquire(SYMBOL)

    assert lease is not None
    assert lease.epoch == ahead + 1

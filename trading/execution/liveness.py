"""Liveness: entries are allowed only while somebody listens to the accounts' private streams."""

from __future__ import annotations

from redis import Redis

from trading.board.keys import Keys

ALIVE_FOR_MS = 2_000  # wall time; the accounts worker shows itself several times within it


def show_accounts_alive(redis: Redis, keys: Keys, shard: int) -> None:
    """Say that the accounts worker of a shard is at work."""
    redis.set(_key(keys, shard), b"1", px=ALIVE_FOR_MS)


def accounts_are_watched(redis: Redis, keys: Keys, shard: int) -> bool:
    """Return whether fills of a shard's accounts would be seen, so that it may enter positions."""
    return bool(redis.exists(_key(keys, shard)))


def _key(keys: Keys, shard: int) -> str:
    return f"{keys.prefix}:accounts:{shard}"

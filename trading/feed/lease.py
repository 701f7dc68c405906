"""Lease: exactly one feed serves a symbol, and a feed that was paused cannot come back unnoticed."""

from __future__ import annotations

from typing import NamedTuple

from redis import Redis

from trading.board.keys import DEFAULT_KEYS, Keys
from trading.feed.errors import LeaseLost

DEFAULT_LEASE_MS = 1_500

# The epoch follows Redis' clock as well as the counter, so that it goes up even if Redis lost the counter.
_ACQUIRE = """
if redis.call('EXISTS', KEYS[1]) == 1 then return false end
local now = redis.call('TIME')
local epoch = now[1] * 1000 + math.floor(now[2] / 1000)
local last = tonumber(redis.call('GET', KEYS[2]) or '0')
if epoch <= last then epoch = last + 1 end
local text = string.format('%.0f', epoch)
redis.call('SET', KEYS[2], text)
redis.call('SET', KEYS[1], text .. ':' .. ARGV[1], 'PX', ARGV[2])
return text
"""
_RENEW = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])
"""
_RELEASE = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])
"""


class Lease(NamedTuple):
    """The right to publish one symbol's book; ``epoch`` is its fencing token and only ever goes up."""

    symbol: str
    epoch: int
    owner: str

    @property
    def token(self) -> str:
        """Return the value of the lease's key while this lease holds."""
        return f"{self.epoch}:{self.owner}"


class Leases:
    """Acquire, renew and release leases for one owner, a name that no other process uses."""

    def __init__(self, redis: Redis, *, owner: str, ttl_ms: int = DEFAULT_LEASE_MS, keys: Keys = DEFAULT_KEYS) -> None:
        self.ttl_ms = ttl_ms
        self._owner = owner
        self._keys = keys
        self._acquire = redis.register_script(_ACQUIRE)
        self._renew = redis.register_script(_RENEW)
        self._release = redis.register_script(_RELEASE)

    def acquire(self, symbol: str) -> Lease | None:
        """Return a new lease, or None while somebody holds one."""
        epoch = self._acquire(
            keys=[self._keys.lease(symbol), self._keys.epoch(symbol)], args=[self._owner, self.ttl_ms]
        )
        return None if epoch is None else Lease(symbol=symbol, epoch=int(epoch), owner=self._owner)

    def renew(self, lease: Lease) -> None:
        """Prolong a lease from now. Raises: LeaseLost when it ran out or another feed holds one."""
        if not self._renew(keys=[self._keys.lease(lease.symbol)], args=[lease.token, self.ttl_ms]):
            raise LeaseLost(f"{lease.symbol}: epoch {lease.epoch} no longer holds the lease")

    def release(self, lease: Lease) -> bool:
        """Give a lease back and tell whether it still held, so that a standby need not wait for its end."""
        return bool(self._release(keys=[self._keys.lease(lease.symbol)], args=[lease.token]))

"""Publisher: book, sign of life, mark price and evaluations of several symbols in one round trip.

One script per symbol checks the lease, prolongs it, writes, and sets the pending marks. A feed that was
paused between its check and its write can therefore not overwrite the book of the feed that took over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from redis import Redis
from redis.exceptions import NoScriptError

from trading.board.codec import encode, encode_mark
from trading.board.conflation import DEFAULT_PENDING_MS, PrebuildTask
from trading.board.keys import DEFAULT_KEYS, Keys
from trading.board.state import Mark, Snapshot
from trading.feed.lease import DEFAULT_LEASE_MS, Lease

# KEYS: lease, book, alive, mark, then one pending mark per shard.
# ARGV: token, lease ms, book, alive, mark, received_ns, pending ms, then queue and message per shard or none.
# Answer: -1 when the lease is not held, else the positions of the shards whose mark was set.
_PUBLISH = """
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return -1 end
redis.call('PEXPIRE', KEYS[1], ARGV[2])
for part = 2, 4 do
  if ARGV[part + 1] ~= '' then redis.call('SET', KEYS[part], ARGV[part + 1]) end
end
local armed = {}
for shard = 1, #KEYS - 4 do
  if redis.call('SET', KEYS[shard + 4], ARGV[6], 'NX', 'PX', ARGV[7]) then
    armed[#armed + 1] = shard
    local queue = ARGV[6 + 2 * shard]
    if queue then redis.call('LPUSH', queue, ARGV[7 + 2 * shard]) end
  end
end
return armed
"""

Shards = Callable[[str], Sequence[int]]
"""Returns the shards that trade a symbol now; asked at every publication, so it must be quick."""


class Publication(NamedTuple):
    """What to write for one symbol; a part that is None stays as it is in Redis.

    ``oldest_received_ns`` is when the oldest update in this publication came in, or None when no evaluation
    is wanted.
    """

    lease: Lease
    snapshot: Snapshot | None
    alive_ns: int | None
    mark: Mark | None
    oldest_received_ns: int | None


class Published(NamedTuple):
    """What became of a publication: nothing was written unless the lease was ``held``."""

    publication: Publication
    held: bool
    armed: tuple[int, ...]
    """Shards whose mark was set now: each needs one evaluation, unless it was pushed as a prebuilt task."""


_Answer = int | list[int]


class _Call(NamedTuple):
    key_count: int
    arguments: list[str | bytes | int]


class Publisher:
    """Write publications to Redis under their leases."""

    def __init__(
        self,
        redis: Redis,
        *,
        shards: Shards,
        lease_ms: int = DEFAULT_LEASE_MS,
        pending_ms: int = DEFAULT_PENDING_MS,
        prebuild: PrebuildTask | None = None,
        keys: Keys = DEFAULT_KEYS,
    ) -> None:
        self._redis = redis
        self._shards = shards
        self._lease_ms = lease_ms
        self._pending_ms = pending_ms
        self._prebuild = prebuild
        self._keys = keys
        self._sha: str | None = None

    def publish(self, publications: Sequence[Publication]) -> list[Published]:
        """Write several symbols at once and return what became of each, in the same order."""
        shards = [self._shards_of(publication) for publication in publications]
        calls = [self._call(*pair) for pair in zip(publications, shards, strict=True)]
        return [
            Published(
                publication=publication,
                held=not isinstance(answer, int),
                armed=() if isinstance(answer, int) else tuple(asked[position - 1] for position in answer),
            )
            for publication, asked, answer in zip(publications, shards, self._run(calls), strict=True)
        ]

    def _shards_of(self, publication: Publication) -> Sequence[int]:
        if publication.oldest_received_ns is None:
            return ()
        return self._shards(publication.lease.symbol)

    def _call(self, publication: Publication, shards: Sequence[int]) -> _Call:
        symbol, keys = publication.lease.symbol, self._keys
        names: list[str | bytes | int] = [
            keys.lease(symbol),
            keys.book(symbol),
            keys.alive(symbol),
            keys.mark(symbol),
        ]
        names += [keys.pending(symbol, shard) for shard in shards]
        values: list[str | bytes | int] = [
            publication.lease.token,
            self._lease_ms,
            b"" if publication.snapshot is None else encode(publication.snapshot),
            b"" if publication.alive_ns is None else publication.alive_ns,
            b"" if publication.mark is None else encode_mark(publication.mark),
            b"" if publication.oldest_received_ns is None else publication.oldest_received_ns,
            self._pending_ms,
        ]
        if self._prebuild is not None:
            for shard in shards:
                values += self._prebuild(symbol=symbol, shard=shard)
        return _Call(key_count=len(names), arguments=[*names, *values])

    def _run(self, calls: list[_Call]) -> list[_Answer]:
        """Run the script for each call, and again for those that a restarted Redis had no script for."""
        answers = self._send(calls)
        forgotten = [i for i, answer in enumerate(answers) if isinstance(answer, NoScriptError)]
        if forgotten:
            self._sha = None
            for i, answer in zip(forgotten, self._send([calls[i] for i in forgotten]), strict=True):
                answers[i] = answer
        for answer in answers:
            if isinstance(answer, Exception):
                raise answer
        return [answer for answer in answers if not isinstance(answer, Exception)]

    def _send(self, calls: list[_Call]) -> list[_Answer | Exception]:
        if self._sha is None:
            self._sha = str(self._redis.script_load(_PUBLISH))
        if len(calls) == 1:  # a pipeline of one costs more than the command itself
            return [self._send_one(self._sha, calls[0])]
        pipeline = self._redis.pipeline(transaction=False)
        for call in calls:
            pipeline.evalsha(self._sha, call.key_count, *call.arguments)
        return list(pipeline.execute(raise_on_error=False))

    def _send_one(self, sha: str, call: _Call) -> _Answer | NoScriptError:
        try:
            answer: _Answer = self._redis.evalsha(sha, call.key_count, *call.arguments)
        except NoScriptError as error:
            return error
        return answer

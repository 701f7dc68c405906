"""A feed as a process of its own, for tests that kill it.

python -m tests.feed.feed_process REDIS_URL PREFIX REST_URL WS_URL OWNER SYMBOL…
"""

from __future__ import annotations

import signal
import sys
from collections.abc import Callable

from redis import Redis

from signer.client import SignerClient
from trading.board.conflation import Enqueue
from trading.board.keys import Keys
from trading.exchange.backpack.rest import BackpackRest
from trading.feed.backpack import BackpackDecoder, backpack_streams
from trading.feed.rules import FeedRules
from trading.feed.wiring import FeedSources, FeedTargets
from trading.feed.worker import FeedWorker

LEASE_MS = 800
NOBODY_SIGNS = "no-signer"


def sandbox_feed(
    *,
    redis: Redis,
    keys: Keys,
    rest_url: str,
    ws_url: str,
    owner: str,
    symbols: list[str],
    enqueue: Enqueue,
    shards: Callable[[str], tuple[int, ...]] = lambda _symbol: (0,),
) -> tuple[FeedWorker, BackpackRest]:
    """Return a feed of the sandbox as it would run in production, and its REST client."""
    rest = BackpackRest(base_url=rest_url, signer=SignerClient(NOBODY_SIGNS), timeout_s=2.0)
    grids = {market.symbol: market.grid for market in rest.markets(symbols)}
    feed = FeedWorker(
        grids=grids,
        sources=FeedSources(open_stream=backpack_streams(ws_url), reader=rest, decoder=BackpackDecoder()),
        targets=FeedTargets(redis=redis, shards=shards, enqueue=enqueue, keys=keys),
        owner=owner,
        rules=FeedRules(lease_ms=LEASE_MS, poll_ms=200),
    )
    return feed, rest


def main(arguments: list[str]) -> None:
    """Serve until SIGTERM."""
    redis_url, prefix, rest_url, ws_url, owner, *symbols = arguments
    feed, rest = sandbox_feed(
        redis=Redis.from_url(redis_url, socket_timeout=5),
        keys=Keys(prefix=prefix),
        rest_url=rest_url,
        ws_url=ws_url,
        owner=owner,
        symbols=symbols,
        enqueue=lambda *, symbol, shard: None,
    )
    signal.signal(signal.SIGTERM, lambda *_: feed.stop.set())
    feed.run()
    rest.close()


if __name__ == "__main__":
    main(sys.argv[1:])

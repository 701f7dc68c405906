"""Feed worker: reads the streams of a group of symbols and publishes their books, marks and evaluations.

One thread does everything that touches a book; opening connections and asking REST happen in the background, so
that neither delays an update or a lease. Where a book is crossed, locked, gapped, polled or cut off it is
published with its flaw instead of being removed: exits and protection go on, entries ask for a proven book.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import Executor, ThreadPoolExecutor

from redis.exceptions import RedisError

from trading.board.conflation import enqueue_armed
from trading.core.errors import CoreError
from trading.core.units import MarketGrid
from trading.exchange.errors import ExchangeError
from trading.exchange.readings import DepthSnapshot, MarkPrice
from trading.feed.backoff import Backoff
from trading.feed.fetches import Fetches
from trading.feed.lease import Leases
from trading.feed.link import Link
from trading.feed.market import MarketFeed
from trading.feed.outbox import Outbox
from trading.feed.ports import Frame
from trading.feed.publisher import Published, Publisher
from trading.feed.rules import DEFAULT_RULES, FeedRules
from trading.feed.stats import FeedStats
from trading.feed.wiring import FeedClock, FeedSources, FeedTargets

logger = logging.getLogger(__name__)

_READ_ERRORS = (ExchangeError, CoreError)
_BACKGROUND_THREADS = 4
_STATS_EVERY_NS = 1_000_000_000
_STATS_LIFE_MS = 10_000
_REDIS_PAUSE_NS = 200_000_000
_FIRST_PAUSE_MS = 200
_LONGEST_PAUSE_MS = 10_000
_ALL_MARKS = "marks"


class FeedWorker:
    """Serve a group of symbols over one connection. ``owner`` is a name that no other feed uses."""

    def __init__(
        self,
        *,
        grids: Mapping[str, MarketGrid],
        sources: FeedSources,
        targets: FeedTargets,
        owner: str,
        rules: FeedRules = DEFAULT_RULES,
        clock: FeedClock | None = None,
        executor: Executor | None = None,
    ) -> None:
        self.stop = threading.Event()
        self._sources = sources
        self._targets = targets
        self._owner = owner
        self._rules = rules
        self._clock = clock or FeedClock()
        self._executor = executor or ThreadPoolExecutor(_BACKGROUND_THREADS, thread_name_prefix="feed")
        self._outboxes = {symbol: self._outbox(symbol, grid) for symbol, grid in grids.items()}
        self._routes = {
            f"{kind}.{symbol}": (kind, outbox)
            for symbol, outbox in self._outboxes.items()
            for kind in ("depth", "markPrice", "trade")
        }
        self._link = Link(
            sources.open_stream,
            streams=list(self._routes),
            executor=self._executor,
            backoff=self._backoff(),
            silence_ms=rules.silence_ms,
            monotonic_ns=self._clock.monotonic_ns,
            wait=self.stop.wait,
        )
        self._leases = Leases(targets.redis, owner=owner, ttl_ms=rules.lease_ms, keys=targets.keys)
        self._publisher = Publisher(
            targets.redis,
            shards=targets.shards,
            lease_ms=rules.lease_ms,
            pending_ms=rules.pending_ms,
            prebuild=targets.prebuild,
            keys=targets.keys,
        )
        self._depths: Fetches[DepthSnapshot] = Fetches(self._executor)
        self._marks: Fetches[list[MarkPrice]] = Fetches(self._executor)
        self._seen_generation = 0
        self._poll_marks_at_ns = 0
        self._lease_at_ns = 0
        self._stats_at_ns = 0
        self._redis_at_ns = 0

    def run(self) -> None:
        """Serve until `stop` is set, then say that the books are no longer followed and free the leases."""
        try:
            while not self.stop.is_set():
                self.step()
        finally:
            self.close()

    def step(self) -> None:
        """Read what came in, publish what changed; wait no longer than one sign of life."""
        batch = self._link.receive(self._rules.alive_ms / 1_000)
        now_ns = self._clock.monotonic_ns()
        for frame in batch.frames:
            self._take(frame, now_ns)
        if batch.frames:
            for outbox in self._outboxes.values():
                outbox.heard(batch.frames[-1].received_ns)
        self._notice_connection(now_ns)
        self._collect_depths(now_ns)
        self._collect_marks(now_ns)
        self._ask_rest(now_ns)
        self._use_redis(now_ns)

    def close(self) -> None:
        """Publish that the books are cut off, give the leases back, end the connection."""
        self._link.close()
        now_ns = self._clock.monotonic_ns()
        self._notice_connection(now_ns)
        try:
            self._publish(now_ns)
            for outbox in self._outboxes.values():
                if outbox.lease is not None:
                    self._leases.release(outbox.lease)
                    outbox.drop()
        except RedisError as error:
            logger.warning("feed_closed_without_redis reason=%s", error)
        self._executor.shutdown(wait=False, cancel_futures=True)

    def stats(self) -> Mapping[str, FeedStats]:
        """Return the counters of each symbol."""
        return {symbol: outbox.market.stats for symbol, outbox in self._outboxes.items()}

    def _outbox(self, symbol: str, grid: MarketGrid) -> Outbox:
        market = MarketFeed(symbol=symbol, grid=grid, rules=self._rules, backoff=self._backoff())
        return Outbox(market, self._rules)

    def _backoff(self) -> Backoff:
        return Backoff(first_ms=_FIRST_PAUSE_MS, cap_ms=_LONGEST_PAUSE_MS, random=self._clock.random)

    def _take(self, frame: Frame, now_ns: int) -> None:
        route = self._routes.get(frame.stream)
        if route is None:
            return
        kind, outbox = route
        market = outbox.market
        market.stats.frames += 1
        if kind == "trade":  # proof of life only
            return
        try:
            if kind == "depth":
                update = self._sources.decoder.depth(frame.data, market.grid)
                if market.update(update, received_ns=frame.received_ns, now_ns=now_ns):
                    outbox.book_changed(frame.received_ns)
            else:
                market.mark = self._sources.decoder.mark(frame.data, market.grid, frame.received_ns)
                outbox.mark_changed()
        except _READ_ERRORS as error:
            logger.error("frame_unreadable stream=%s reason=%s", frame.stream, error)
            market.stats.unreadable += 1
            if kind == "depth":
                market.lose_chain(now_ns)
                outbox.book_changed(frame.received_ns)

    def _notice_connection(self, now_ns: int) -> None:
        if self._link.generation == self._seen_generation:
            return
        self._seen_generation = self._link.generation
        for outbox in self._outboxes.values():
            outbox.connection_changed()
            if self._link.is_open:
                outbox.market.connect(now_ns)
            else:
                outbox.market.disconnect(now_ns)
                outbox.book_changed(self._clock.wall_ns())  # evaluate at once: resting entries have to go

    def _collect_depths(self, now_ns: int) -> None:
        for fetched in self._depths.ended():
            if fetched.generation != self._link.generation:
                continue  # asked for on another connection: its ids may belong to another life of the exchange
            outbox = self._outboxes[fetched.name]
            received_ns = self._clock.wall_ns()
            try:
                if outbox.market.depth(fetched.future.result(), received_ns=received_ns, now_ns=now_ns):
                    outbox.book_changed(received_ns)
            except _READ_ERRORS as error:
                logger.warning("depth_failed symbol=%s reason=%s", fetched.name, error)
                outbox.market.no_depth(now_ns)

    def _collect_marks(self, now_ns: int) -> None:
        for fetched in self._marks.ended():
            self._poll_marks_at_ns = now_ns + self._rules.poll_ms * 1_000_000
            try:
                prices = fetched.future.result()
            except _READ_ERRORS as error:
                logger.warning("marks_failed reason=%s", error)
                continue
            if self._link.is_open:
                continue
            received_ns = self._clock.wall_ns()
            for price in prices:
                outbox = self._outboxes.get(price.symbol)
                if outbox is not None:
                    outbox.market.polled_mark(price, received_ns=received_ns)
                    outbox.mark_changed()

    def _ask_rest(self, now_ns: int) -> None:
        generation, reader = self._link.generation, self._sources.reader
        for symbol, outbox in self._outboxes.items():
            serves = self._link.is_open or outbox.lease is not None
            if serves and not self._depths.is_running(symbol) and outbox.market.wants_depth(now_ns):
                self._depths.start(symbol, self._read_depth(symbol), generation=generation)
        polls = not self._link.is_open and any(outbox.lease for outbox in self._outboxes.values())
        if polls and now_ns >= self._poll_marks_at_ns:
            self._marks.start(_ALL_MARKS, reader.mark_prices, generation=generation)

    def _read_depth(self, symbol: str) -> Callable[[], DepthSnapshot]:
        return lambda: self._sources.reader.depth(symbol, limit=self._rules.snapshot_limit)

    def _use_redis(self, now_ns: int) -> None:
        if now_ns < self._redis_at_ns:
            return
        try:
            self._acquire_leases(now_ns)
            self._publish(now_ns)
            self._write_stats(now_ns)
        except RedisError as error:
            logger.warning("redis_failed reason=%s", error)
            self._redis_at_ns = now_ns + _REDIS_PAUSE_NS

    def _acquire_leases(self, now_ns: int) -> None:
        if now_ns < self._lease_at_ns:
            return
        self._lease_at_ns = now_ns + self._rules.heartbeat_ms * 1_000_000
        for symbol, outbox in self._outboxes.items():
            if outbox.lease is None:
                lease = self._leases.acquire(symbol)
                if lease is not None:
                    logger.info("lease_acquired symbol=%s epoch=%d", symbol, lease.epoch)
                    outbox.hold(lease)

    def _publish(self, now_ns: int) -> None:
        wall_ns = self._clock.wall_ns()
        due = [outbox.publication(now_ns=now_ns, wall_ns=wall_ns) for outbox in self._outboxes.values()]
        publications = [publication for publication in due if publication is not None]
        if not publications:
            return
        for published in self._publisher.publish(publications):
            self._confirm(published, now_ns)

    def _confirm(self, published: Published, now_ns: int) -> None:
        publication = published.publication
        outbox = self._outboxes[publication.lease.symbol]
        stats = outbox.market.stats
        if not published.held:
            logger.warning("lease_lost symbol=%s", publication.lease.symbol)
            stats.lease_losses += 1
            outbox.drop()
            return
        outbox.confirm(publication, now_ns=now_ns)
        stats.published += publication.snapshot is not None
        stats.evaluations += len(published.armed)
        if self._targets.prebuild is None and publication.oldest_received_ns is not None:
            stats.enqueue_failures += enqueue_armed(
                self._targets.redis,
                self._targets.enqueue,
                symbol=publication.lease.symbol,
                shards=published.armed,
                received_ns=publication.oldest_received_ns,
                keys=self._targets.keys,
            )

    def _write_stats(self, now_ns: int) -> None:
        if now_ns < self._stats_at_ns:
            return
        self._stats_at_ns = now_ns + _STATS_EVERY_NS
        pipeline = self._targets.redis.pipeline(transaction=False)
        for symbol, outbox in self._outboxes.items():
            if outbox.lease is not None:
                pipeline.set(self._targets.keys.stats(symbol), self._stats_of(outbox), px=_STATS_LIFE_MS)
        pipeline.execute()

    def _stats_of(self, outbox: Outbox) -> bytes:
        market = outbox.market
        market.stats.connections = self._link.connections
        return market.stats.to_json(
            owner=self._owner,
            epoch=0 if outbox.lease is None else outbox.lease.epoch,
            connected=market.connected,
            flaw=market.flaw.name,
            written_ns=self._clock.wall_ns(),
        )

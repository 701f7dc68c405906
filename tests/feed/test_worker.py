"""The feed worker against an exchange in memory and a real Redis; time passes when it is told to."""

from __future__ import annotations

from decimal import Decimal
from itertools import pairwise
from typing import Any

import orjson
import pytest
from redis import Redis
from redis.client import Pipeline
from redis.exceptions import ConnectionError as RedisConnectionError

from tests.feed.fake_exchange import GRID, FakeClock, FakeExchange, Immediately
from tests.feed.values import SYMBOL
from trading.board.conflation import take
from trading.board.keys import Keys
from trading.board.snapshots import load
from trading.board.state import Flaw, MarketState, Source
from trading.feed.rules import FeedRules
from trading.feed.wiring import FeedClock, FeedSources, FeedTargets
from trading.feed.worker import FeedWorker

OTHER = "BTC_USDC_PERP"


class Bench:
    """A feed with everything around it."""

    def __init__(self, redis: Redis, keys: Keys, *, feed_redis: Redis | None = None) -> None:
        self.redis = redis
        self.keys = keys
        self.clock = FakeClock()
        self.exchange = FakeExchange(self.clock, [SYMBOL, OTHER])
        self.evaluations: list[tuple[str, int]] = []
        self.feed = self.new_feed("a", feed_redis=feed_redis)

    def new_feed(self, owner: str, *, feed_redis: Redis | None = None) -> FeedWorker:
        return FeedWorker(
            grids={SYMBOL: GRID, OTHER: GRID},
            sources=FeedSources(
                open_stream=self.exchange.open_stream, reader=self.exchange, decoder=self.exchange.decoder
            ),
            targets=FeedTargets(
                redis=feed_redis or self.redis,
                shards=lambda _symbol: (0,),
                enqueue=lambda *, symbol, shard: self.evaluations.append((symbol, shard)),
                keys=self.keys,
            ),
            owner=owner,
            rules=FeedRules(depth=5, snapshot_limit=20, lease_ms=60_000, alive_ms=1),
            clock=FeedClock(wall_ns=self.clock, monotonic_ns=self.clock, random=lambda: 0.0),
            executor=Immediately(),
        )

    def steps(self, count: int = 4, *, ms: float = 1) -> None:
        for _ in range(count):
            self.clock.pass_ms(ms)
            self.feed.step()

    def join(self) -> None:
        """Bring the feed to a proven book of both symbols."""
        self.steps()
        for symbol in (SYMBOL, OTHER):
            self.exchange.change(symbol, bids=((98, 1),))
        self.steps()
        for symbol in (SYMBOL, OTHER):
            self.exchange.change(symbol, bids=((98, 2),))
        self.steps()

    def state(self, symbol: str = SYMBOL) -> MarketState:
        return load(self.redis, symbol, keys=self.keys)

    def assert_true_book(self, symbol: str = SYMBOL) -> None:
        snapshot = self.state(symbol).require_book()
        assert (snapshot.bids, snapshot.asks) == self.exchange.books[symbol].top(5)
        assert snapshot.sequence == self.exchange.ids[symbol]


@pytest.fixture
def bench(redis_client: Redis, keys: Keys) -> Bench:
    return Bench(redis_client, keys)


def test_a_joined_book_is_published_proven_with_its_sequence_and_times(bench: Bench) -> None:
    bench.join()

    state = bench.state()
    snapshot = state.require_book()
    assert snapshot.proven
    bench.assert_true_book()
    assert snapshot.received_ns <= state.require_alive() <= bench.clock.now_ns
    assert bench.exchange.stream.subscribed.count(f"depth.{SYMBOL}") == 1


def test_every_symbol_of_the_group_is_served_over_one_connection(bench: Bench) -> None:
    bench.join()

    bench.assert_true_book(OTHER)
    assert len(bench.exchange.streams) == 1


def test_several_updates_read_together_are_published_once_with_the_oldest_time(bench: Bench) -> None:
    bench.join()
    take(bench.redis, SYMBOL, 0, keys=bench.keys)
    published = bench.feed.stats()[SYMBOL].published
    first_ns = bench.clock.now_ns
    for quantity in (5, 6, 7):
        bench.exchange.change(SYMBOL, bids=((98, quantity),))
        bench.clock.pass_ms(1)

    bench.feed.step()

    assert bench.feed.stats()[SYMBOL].published == published + 1
    assert take(bench.redis, SYMBOL, 0, keys=bench.keys) == first_ns
    bench.assert_true_book()


def test_an_evaluation_is_enqueued_once_until_the_worker_takes_the_mark(bench: Bench) -> None:
    bench.join()
    take(bench.redis, SYMBOL, 0, keys=bench.keys)
    bench.evaluations.clear()

    for quantity in (5, 6, 7):
        bench.exchange.change(SYMBOL, bids=((98, quantity),))
        bench.steps(1)

    assert bench.evaluations.count((SYMBOL, 0)) == 1


def test_a_quiet_book_is_evaluated_by_heartbeat(bench: Bench) -> None:
    bench.join()
    take(bench.redis, SYMBOL, 0, keys=bench.keys)
    bench.evaluations.clear()

    bench.steps(1, ms=251)

    assert (SYMBOL, 0) in bench.evaluations
    assert take(bench.redis, SYMBOL, 0, keys=bench.keys) == bench.clock.now_ns


def test_a_lost_frame_unproves_the_book_at_once_and_a_new_snapshot_proves_it_again(bench: Bench) -> None:
    bench.join()
    bench.exchange.change(SYMBOL, bids=((100, 0),), lost=True)
    bench.exchange.change(SYMBOL, bids=((97, 1),))
    bench.exchange.rest_is_up = False  # REST is away for a moment
    bench.steps(2)
    assert bench.state().require_book().flaw is Flaw.GAPPED

    bench.exchange.rest_is_up = True
    bench.steps(3, ms=500)
    bench.exchange.change(SYMBOL, bids=((97, 2),))
    bench.steps(2)

    assert bench.state().require_book().proven
    bench.assert_true_book()
    assert (bench.feed.stats()[SYMBOL].gaps, bench.feed.stats()[SYMBOL].joins) == (1, 2)
    assert bench.feed.stats()[OTHER].gaps == 0


def test_an_update_that_cannot_be_read_breaks_the_chain_until_a_new_snapshot(bench: Bench) -> None:
    bench.join()
    bench.exchange.rest_is_up = False
    bench.exchange.say(f"depth.{SYMBOL}", {"garbage": 1})
    bench.steps(1)
    assert bench.state().require_book().flaw is Flaw.GAPPED

    bench.exchange.rest_is_up = True
    bench.exchange.change(SYMBOL, bids=((97, 2),))
    bench.steps(3, ms=500)
    bench.exchange.change(SYMBOL, bids=((97, 3),))
    bench.steps(1)

    assert bench.state().require_book().proven
    assert bench.feed.stats()[SYMBOL].unreadable == 1


def test_a_crossed_book_is_published_flawed_and_fetched_anew_if_it_stays_so(bench: Bench) -> None:
    bench.join()
    bench.exchange.change(SYMBOL, asks=((99, 1),))
    bench.steps(1)
    assert bench.state().require_book().flaw is Flaw.CROSSED
    bench.exchange.books[SYMBOL].apply((), ((99, 0),))  # the exchange's book never was crossed
    reads = len(bench.exchange.depth_reads)

    bench.steps(3, ms=600)

    assert len(bench.exchange.depth_reads) > reads
    assert not bench.state().require_book().proven
    bench.exchange.change(SYMBOL, bids=((97, 3),))
    bench.steps(2)
    assert bench.state().require_book().proven
    bench.assert_true_book()


def test_a_cut_connection_unproves_the_book_and_asks_for_an_evaluation_at_once(bench: Bench) -> None:
    bench.join()
    bench.steps(1)
    take(bench.redis, SYMBOL, 0, keys=bench.keys)
    bench.evaluations.clear()

    bench.exchange.cut()
    bench.steps(1)

    assert bench.state().require_book().flaw is Flaw.DISCONNECTED
    assert (SYMBOL, 0) in bench.evaluations


def test_rest_stands_in_while_the_stream_is_down_and_is_marked_as_polled(bench: Bench) -> None:
    bench.join()
    bench.exchange.cut()
    bench.steps(1)
    bench.exchange.rest_is_up = True
    bench.exchange.change(SYMBOL, asks=((101, 4),))

    bench.steps(6, ms=400)

    snapshot = bench.state().require_book()
    assert (snapshot.source, snapshot.proven) == (Source.POLLED, False)
    bench.assert_true_book()
    assert bench.state().require_mark().price_ticks == Decimal("101.5")
    assert bench.feed.stats()[SYMBOL].polls >= 1


def test_a_new_connection_joins_again_and_is_proven(bench: Bench) -> None:
    bench.join()
    bench.exchange.cut()
    bench.steps(2)
    bench.exchange.come_back()

    bench.steps(4, ms=300)
    bench.exchange.change(SYMBOL, asks=((101, 4),))
    bench.steps(4, ms=300)
    bench.exchange.change(SYMBOL, asks=((101, 5),))
    bench.steps(2)

    assert bench.state().require_book().proven
    bench.assert_true_book()
    assert len(bench.exchange.streams) == 2


def test_frames_of_a_new_connection_do_not_make_the_book_of_the_old_one_look_alive(bench: Bench) -> None:
    bench.join()
    alive_ns = bench.state().require_alive()
    bench.redis.delete(bench.keys.lease(SYMBOL))  # the first feed was killed: its proven book stays in Redis
    bench.exchange.rest_is_up = False  # and the one that takes over cannot join yet
    standby = bench.new_feed("b")

    for _ in range(5):
        bench.clock.pass_ms(300)
        standby.step()
        bench.exchange.say(f"trade.{SYMBOL}", {})

    assert standby.stats()[SYMBOL].frames >= 3
    assert bench.redis.get(bench.keys.lease(SYMBOL)) is not None
    assert bench.state().require_alive() == alive_ns


def test_a_connection_that_says_nothing_is_opened_anew(bench: Bench) -> None:
    bench.join()

    bench.steps(1, ms=10_001)

    assert bench.exchange.streams[0].closed
    assert bench.state().require_book().flaw is Flaw.DISCONNECTED


def test_pauses_between_tries_grow_while_the_exchange_is_away(bench: Bench) -> None:
    bench.exchange.cut()

    bench.steps(400, ms=20)

    pauses = [later - earlier for earlier, later in pairwise(bench.exchange.tries_at_ns)]
    assert pauses == sorted(pauses)
    assert pauses[-1] >= 4 * pauses[0]


def test_a_mark_price_goes_out_with_the_next_round_trip(bench: Bench) -> None:
    bench.join()
    bench.exchange.say(f"markPrice.{SYMBOL}", {"price_ticks": "101.25", "engine_us": 5})
    bench.steps(1)

    mark = bench.state().require_mark()
    assert (mark.price_ticks, mark.exchange_us) == (Decimal("101.25"), 5)


def test_only_one_of_two_feeds_publishes_and_the_other_takes_over_with_a_higher_epoch(bench: Bench) -> None:
    bench.join()
    standby = bench.new_feed("b")
    for _ in range(6):
        bench.clock.pass_ms(300)
        standby.step()
        bench.feed.step()
        bench.exchange.change(SYMBOL, bids=((98, 3),))
    first = bench.state().require_book()
    assert standby.stats()[SYMBOL].published == 0

    bench.redis.delete(bench.keys.lease(SYMBOL), bench.keys.lease(OTHER))  # as after its time to live
    bench.clock.pass_ms(300)
    standby.step()
    bench.exchange.change(SYMBOL, bids=((98, 4),))
    bench.clock.pass_ms(1)
    bench.feed.step()
    standby.step()

    second = bench.state().require_book()
    assert second.epoch > first.epoch
    assert second.proven
    bench.assert_true_book()
    assert bench.feed.stats()[SYMBOL].lease_losses == 1


def test_closing_says_that_the_book_is_cut_off_and_frees_the_lease(bench: Bench) -> None:
    bench.join()

    bench.feed.close()

    assert bench.state().require_book().flaw is Flaw.DISCONNECTED
    assert bench.redis.get(bench.keys.lease(SYMBOL)) is None
    assert bench.exchange.stream.closed


def test_statistics_are_written_every_second(bench: Bench) -> None:
    bench.join()
    bench.steps(1, ms=1_001)

    raw = bench.redis.get(bench.keys.stats(SYMBOL))

    assert isinstance(raw, bytes)
    stats = orjson.loads(raw)
    assert (stats["owner"], stats["joins"], stats["connected"], stats["flaw"]) == ("a", 1, True, "NONE")
    assert stats["updates"] >= 2


class FailingRedis(Redis):
    """A client that cannot reach Redis whenever ``away`` is set."""

    away = False

    def execute_command(self, *args: Any, **options: Any) -> Any:
        if self.away:
            raise RedisConnectionError("away")
        return super().execute_command(*args, **options)  # type: ignore[no-untyped-call]

    def pipeline(self, transaction: bool = True, shard_hint: str | None = None) -> Pipeline:
        if self.away:
            raise RedisConnectionError("away")
        return super().pipeline(transaction, shard_hint)


def test_updates_that_came_while_redis_was_away_are_published_when_it_is_back(
    redis_url: str, redis_client: Redis, keys: Keys
) -> None:
    failing = FailingRedis.from_url(redis_url)
    assert isinstance(failing, FailingRedis)
    bench = Bench(redis_client, keys, feed_redis=failing)
    bench.join()
    failing.away = True
    bench.exchange.change(SYMBOL, asks=((101, 4),))
    bench.steps(3)
    failing.away = False

    bench.steps(1, ms=201)

    assert bench.state().require_book().proven
    bench.assert_true_book()
    failing.close()

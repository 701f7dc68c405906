"""The whole feed against the sandbox: real sockets, real processes, a real Redis."""

from __future__ import annotations

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest
from redis import Redis

from tests.feed.feed_process import LEASE_MS, sandbox_feed
from trading.board.conflation import take
from trading.board.keys import Keys
from trading.board.snapshots import book_age_ms, load
from trading.board.state import Flaw, MarketState, Snapshot, Source
from trading.exchange.backpack.rest import BackpackRest
from trading.exchange.errors import ExchangeError
from trading.feed.worker import FeedWorker

ROOT = Path(__file__).parents[2]
SYMBOLS = ["BTC_USDC_PERP", "SOL_USDC_PERP"]
SYMBOL = SYMBOLS[0]
PATIENCE_S = 20.0

Wanted = Callable[[], object]


def eventually(condition: Wanted, *, what: str) -> None:
    """Wait until a condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, f"waited in vain until {what}"
        time.sleep(0.01)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Sandbox:
    """A sandbox process that can be killed and started again at the same address."""

    def __init__(self) -> None:
        self.port = free_port()
        self.rest_url = f"http://127.0.0.1:{self.port}"
        self.ws_url = f"ws://127.0.0.1:{self.port}/"
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "sandbox", "--port", str(self.port), "--accounts", "1", "--generator", "1"]
        for symbol in SYMBOLS:
            command += ["--symbol", symbol]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        assert self._process.stdout is not None
        assert json.loads(self._process.stdout.readline())["rest"] == self.rest_url

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()


class RunningFeed:
    """A feed in a thread of the test."""

    def __init__(self, redis: Redis, keys: Keys, sandbox: Sandbox) -> None:
        self.redis = redis
        self.keys = keys
        self.evaluations: list[tuple[str, int]] = []
        self.feed: FeedWorker
        self.rest: BackpackRest
        self.feed, self.rest = sandbox_feed(
            redis=redis,
            keys=keys,
            rest_url=sandbox.rest_url,
            ws_url=sandbox.ws_url,
            owner="test",
            symbols=SYMBOLS,
            enqueue=lambda *, symbol, shard: self.evaluations.append((symbol, shard)),
        )
        self._thread = threading.Thread(target=self.feed.run)
        self._thread.start()

    def close(self) -> None:
        self.feed.stop.set()
        self._thread.join(timeout=10)
        self.rest.close()

    def book(self, symbol: str = SYMBOL) -> Snapshot | None:
        return load(self.redis, symbol, keys=self.keys).snapshot

    def is_proven(self, symbol: str = SYMBOL) -> bool:
        book = self.book(symbol)
        return book is not None and book.proven


@pytest.fixture
def sandbox() -> Iterator[Sandbox]:
    exchange = Sandbox()
    yield exchange
    exchange.kill()


@pytest.fixture
def running(redis_url: str, keys: Keys, sandbox: Sandbox) -> Iterator[RunningFeed]:
    with Redis.from_url(redis_url, socket_timeout=5) as redis:
        feed = RunningFeed(redis, keys, sandbox)
        yield feed
        feed.close()


def test_the_book_in_redis_equals_the_book_of_rest_at_the_same_update(running: RunningFeed) -> None:
    eventually(running.is_proven, what="the book is proven")
    grid = {market.symbol: market.grid for market in running.rest.markets(SYMBOLS)}[SYMBOL]
    from_redis, from_rest = {}, {}

    def compared() -> int:
        for _ in range(20):
            book = running.book()
            assert book is not None
            from_redis[book.sequence] = (book.bids, book.asks)
        depth = running.rest.depth(SYMBOL, limit=20)
        bids, asks = depth.on_grid(grid)
        from_rest[depth.last_update_id] = (bids, asks)
        return len(from_redis.keys() & from_rest.keys())

    eventually(lambda: compared() >= 5, what="five books can be compared")

    common = from_redis.keys() & from_rest.keys()
    assert {sequence: from_redis[sequence] for sequence in common} == {
        sequence: from_rest[sequence] for sequence in common
    }
    assert running.feed.stats()[SYMBOL].gaps == 0


def test_every_symbol_has_a_proven_book_a_young_sign_of_life_and_a_mark_price(running: RunningFeed) -> None:
    def states() -> list[MarketState]:
        return [load(running.redis, symbol, keys=running.keys) for symbol in SYMBOLS]

    eventually(lambda: all(running.is_proven(symbol) for symbol in SYMBOLS), what="the books are proven")
    eventually(lambda: all(state.mark for state in states()), what="mark prices have come")

    assert all(state.require().mark.price_ticks > 0 for state in states())
    assert max(book_age_ms(state, now_ns=time.time_ns(), speed=1.0) for state in states()) < 5_000


def test_updates_ask_for_evaluations_with_the_time_of_the_oldest_one(running: RunningFeed) -> None:
    eventually(lambda: (SYMBOL, 0) in running.evaluations, what="an evaluation is asked for")
    eventually(lambda: take(running.redis, SYMBOL, 0, keys=running.keys), what="there is a mark to take")
    before = len(running.evaluations)

    eventually(lambda: len(running.evaluations) > before, what="the next update asks again")


def test_a_killed_exchange_unproves_the_book_and_its_return_proves_it_again(
    running: RunningFeed, sandbox: Sandbox
) -> None:
    eventually(running.is_proven, what="the book is proven")

    sandbox.kill()
    eventually(lambda: not running.is_proven(), what="the book is not proven any more")
    book = running.book()
    sandbox.start()
    eventually(running.is_proven, what="the book is proven again")

    assert book is not None
    assert book.flaw in (Flaw.DISCONNECTED, Flaw.UNCHAINED)
    assert running.feed.stats()[SYMBOL].joins == 2


def test_rest_polls_stand_in_while_only_the_stream_is_away(redis_url: str, keys: Keys, sandbox: Sandbox) -> None:
    with Redis.from_url(redis_url, socket_timeout=5) as redis:
        sandbox.ws_url = f"ws://127.0.0.1:{free_port()}/"
        running = RunningFeed(redis, keys, sandbox)
        try:
            eventually(lambda: running.feed.stats()[SYMBOL].polls >= 2, what="REST was polled")
            eventually(running.book, what="a book is there")
            book = running.book()
        finally:
            running.close()

    assert book is not None
    assert (book.source, book.proven) == (Source.POLLED, False)


class FeedProcess:
    """A feed in a process of its own."""

    def __init__(self, *, redis_url: str, keys: Keys, sandbox: Sandbox, owner: str) -> None:
        command = [sys.executable, "-m", "tests.feed.feed_process", redis_url, keys.prefix]
        command += [sandbox.rest_url, sandbox.ws_url, owner, *SYMBOLS]
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env={**os.environ, "PYTHONPATH": str(ROOT)},
            stderr=subprocess.DEVNULL,
        )

    def kill(self) -> None:
        self._process.kill()
        self._process.wait(timeout=10)


def owner_of(redis: Redis, keys: Keys) -> str | None:
    raw = redis.get(keys.stats(SYMBOL))
    assert raw is None or isinstance(raw, bytes)
    return None if raw is None else str(orjson.loads(raw)["owner"])


def test_one_of_two_feeds_publishes_and_the_other_takes_over_when_it_is_killed(
    redis_url: str, redis_client: Redis, keys: Keys, sandbox: Sandbox
) -> None:
    def book() -> Snapshot | None:
        return load(redis_client, SYMBOL, keys=keys).snapshot

    def is_proven_after(epoch: int) -> bool:
        found = book()
        return found is not None and found.proven and found.epoch > epoch

    with contextlib.ExitStack() as processes:
        first = FeedProcess(redis_url=redis_url, keys=keys, sandbox=sandbox, owner="first")
        processes.callback(first.kill)
        eventually(lambda: is_proven_after(0), what="the first feed publishes a proven book")
        second = FeedProcess(redis_url=redis_url, keys=keys, sandbox=sandbox, owner="second")
        processes.callback(second.kill)
        time.sleep(3 * LEASE_MS / 1_000)
        before = book()
        assert before is not None
        assert owner_of(redis_client, keys) == "first"

        first.kill()
        killed_at = time.monotonic()
        eventually(lambda: is_proven_after(before.epoch), what="the second feed publishes a proven book")
        took_s = time.monotonic() - killed_at

        eventually(lambda: owner_of(redis_client, keys) == "second", what="the second feed writes statistics")
    assert took_s < (LEASE_MS + 1_000) / 1_000


def test_the_depth_that_a_closed_exchange_cannot_give_is_counted(running: RunningFeed, sandbox: Sandbox) -> None:
    eventually(running.is_proven, what="the book is proven")
    sandbox.kill()

    eventually(lambda: running.feed.stats()[SYMBOL].rest_failures >= 1, what="a failed poll is counted")

    with pytest.raises(ExchangeError):
        running.rest.depth(SYMBOL, limit=20)
    sandbox.start()

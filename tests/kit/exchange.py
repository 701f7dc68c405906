"""A served local exchange whose market a test moves by hand; its clock is the wall clock plus what the test adds."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

import requests

from recordings.events import BookUpdate, MarketEvent, Trade
from sandbox.engine.market import market_spec
from sandbox.keys import KeyPair, key_pairs
from sandbox.server import bind, make_app, open_desk, serve
from sandbox.web.desk import Desk

SYMBOL = "BTC_USDC_PERP"
TICK, STEP = Decimal("0.1"), Decimal("0.001")
MID = 1_000_000  # ticks: 100,000.0
T = TypeVar("T")


class WallClockPlus:
    """Wall time for signatures; for the market, wall time plus what a test has added."""

    def __init__(self) -> None:
        self.added_us = 0

    def market_us(self) -> int:
        return time.time_ns() // 1_000 + self.added_us

    def wall_ms(self) -> int:
        return time.time_ns() // 1_000_000


class HandMovedExchange:
    """A running exchange with one market."""

    def __init__(self, loop: asyncio.AbstractEventLoop, desk: Desk, clock: WallClockPlus, port: int) -> None:
        self._loop, self._desk, self._clock = loop, desk, clock
        self.rest, self.ws = f"http://127.0.0.1:{port}", f"ws://127.0.0.1:{port}/"

    def book(self, *, bids: int, asks: int, mid: int = MID) -> None:
        """Show a book of three levels a side, with so many lots on each, a tick around the middle."""
        self.show(
            BookUpdate(
                0,
                True,
                tuple((mid - 1 - n, bids) for n in range(3)),
                tuple((mid + 1 + n, asks) for n in range(3)),
            )
        )

    def sells(self, lots: int, *, at: int) -> None:
        """Show a recorded trade whose aggressor sold."""
        self.show(Trade(0, at, lots, True))

    def show(self, event: MarketEvent) -> None:
        """Apply a market event now."""
        self.inside(lambda: self._desk.exchange.apply(SYMBOL, event, at_us=self._clock.market_us()))

    def pass_time(self, seconds: float) -> None:
        """Move the market's clock, so that its mark price follows the book."""
        self._clock.added_us += int(seconds * 1e6)
        self.inside(self._desk.advance)

    def settings(self, **changes: object) -> None:
        """Change the exchange's switches."""
        requests.post(f"{self.rest}/sandbox/settings", json=changes, timeout=5).raise_for_status()

    def ledger(self, api_key: str) -> dict[str, Any]:
        """Return the exchange's own truth about an account."""
        answer = requests.get(f"{self.rest}/sandbox/ledger", timeout=5).json()
        account: dict[str, Any] = answer["accounts"][api_key]
        return account

    def inside(self, call: Callable[[], T]) -> T:
        """Run a call where the server runs."""
        done: Future[T] = Future()

        def run() -> None:
            try:
                done.set_result(call())
            except Exception as error:  # noqa: BLE001 - handed to the caller
                done.set_exception(error)

        self._loop.call_soon_threadsafe(run)
        return done.result(timeout=5)


@contextmanager
def hand_moved_exchange(pairs: list[KeyPair]) -> Iterator[HandMovedExchange]:
    """Serve the market with a balanced book until the block ends."""
    clock = WallClockPlus()
    specs = [market_spec(SYMBOL, tick_size=TICK, step_size=STEP)]
    desk = open_desk(specs, [pair.api_key for pair in pairs], clock=clock)
    loop = asyncio.new_event_loop()
    listener = bind(0)
    runner = loop.run_until_complete(serve(make_app(desk), listener))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    exchange = HandMovedExchange(loop, desk, clock, listener.getsockname()[1])
    try:
        exchange.book(bids=100, asks=100)
        exchange.pass_time(2)
        yield exchange
    finally:
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
        listener.close()


def pairs(count: int) -> list[KeyPair]:
    """Return keys for so many accounts."""
    return key_pairs(count, seed=7)

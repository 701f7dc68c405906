"""The sandbox's server in a thread, on hand-set clocks, and customers that talk to it over real HTTP and WebSocket."""

from __future__ import annotations

import asyncio
import json
import threading
from base64 import b64decode, b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from decimal import Decimal
from typing import Any, TypeVar

import requests
import websocket
from nacl.signing import SigningKey

from recordings.events import BookUpdate, MarketEvent, Trade
from sandbox.clock import HandClock
from sandbox.engine.market import market_spec
from sandbox.keys import KeyPair, key_pairs
from sandbox.server import bind, make_app, open_desk, serve
from sandbox.web.auth import signing_string
from sandbox.web.desk import Desk

PERP = "SOL_USDC_PERP"
START_US = 1_788_367_430_246_081
WALL_MS = 1_788_285_243_978
T = TypeVar("T")


class Customer:
    """One account's side of the wire."""

    def __init__(self, local: LocalExchange, pair: KeyPair) -> None:
        self._local = local
        self.api_key = pair.api_key
        self._key = SigningKey(b64decode(pair.api_secret))

    def sign(
        self, instruction: str, params: Any, *, timestamp_ms: int = WALL_MS, window_ms: int = 5_000
    ) -> dict[str, str]:
        text = signing_string(instruction, params, timestamp=timestamp_ms, window=window_ms)
        return {
            "X-API-Key": self.api_key,
            "X-Signature": b64encode(self._key.sign(text.encode()).signature).decode(),
            "X-Timestamp": str(timestamp_ms),
            "X-Window": str(window_ms),
        }

    def get(self, path: str, instruction: str, **query: str) -> requests.Response:
        return self._local.get(path, headers=self.sign(instruction, query), **query)

    def send(self, method: str, path: str, instruction: str, body: Any) -> requests.Response:
        headers = self.sign(instruction, body)
        return self._local.http.request(method, self._local.rest + path, json=body, headers=headers, timeout=5)

    def place(self, **fields: Any) -> requests.Response:
        return self.send("POST", "/api/v1/order", "orderExecute", {"symbol": PERP, **fields})

    def cancel(self, **fields: Any) -> requests.Response:
        return self.send("DELETE", "/api/v1/order", "orderCancel", {"symbol": PERP, **fields})

    def subscription(self, names: Sequence[str]) -> str:
        headers = self.sign("subscribe", {})
        signature = [headers[name] for name in ("X-API-Key", "X-Signature", "X-Timestamp", "X-Window")]
        return json.dumps({"method": "SUBSCRIBE", "params": names, "signature": signature})


class Stream:
    """A WebSocket client that collects messages."""

    def __init__(self, url: str) -> None:
        self.socket = websocket.create_connection(url, timeout=2)

    def send(self, text: str) -> None:
        self.socket.send(text)

    def next(self) -> dict[str, Any]:
        return json.loads(self.socket.recv())

    def take(self, count: int) -> list[dict[str, Any]]:
        return [self.next() for _ in range(count)]


class LocalExchange:
    """A running server, its market, and its customers Alice and Bob."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, desk: Desk, clock: HandClock, port: int, pairs: list[KeyPair]
    ) -> None:
        self._loop = loop
        self.desk = desk
        self.clock = clock
        self.rest = f"http://127.0.0.1:{port}"
        self.ws = f"ws://127.0.0.1:{port}/"
        self.http = requests.Session()
        self.alice, self.bob = (Customer(self, pair) for pair in pairs)
        self._streams: list[Stream] = []

    def get(self, path: str, *, headers: Mapping[str, str] | None = None, **query: str) -> requests.Response:
        return self.http.get(self.rest + path, params=query, headers=headers, timeout=5)

    def feed(self, *events: MarketEvent, symbol: str = PERP) -> None:
        self.inside(lambda: [self.desk.exchange.apply(symbol, e, at_us=self.clock.now_us) for e in events])

    def snapshot(self, bids: dict[int, int], asks: dict[int, int]) -> None:
        self.feed(BookUpdate(0, True, tuple(bids.items()), tuple(asks.items())))

    def sells(self, lots: int, *, at: int) -> None:
        self.feed(Trade(0, at, lots, True))

    def pass_time(self, seconds: float) -> None:
        self.clock.now_us += int(seconds * 1e6)
        self.inside(self.desk.advance)

    def stream(self, *names: str, customer: Customer | None = None) -> Stream:
        """Subscribe, and wait until the exchange has taken it: a subscription is not acknowledged."""
        opened = Stream(self.ws)
        self._streams.append(opened)
        if customer is None:
            opened.send(json.dumps({"method": "SUBSCRIBE", "params": names}))
        else:
            opened.send(customer.subscription(names))
        opened.socket.ping("here")
        assert opened.socket.recv_data(control_frame=True) == (websocket.ABNF.OPCODE_PONG, b"here")
        return opened

    def inside(self, call: Callable[[], T]) -> T:
        """Run a call where the server runs."""
        done: Future[T] = Future()
        self._loop.call_soon_threadsafe(lambda: done.set_result(call()))
        return done.result(timeout=5)

    def close(self) -> None:
        self.http.close()
        for stream in self._streams:
            stream.socket.close()


@contextmanager
def running_exchange() -> Iterator[LocalExchange]:
    """Serve SOL_USDC_PERP with a book of 10.00 lots a level around 100.00 until the block ends."""
    clock = HandClock(START_US, WALL_MS)
    pairs = key_pairs(2, seed=1)
    grid = {"tick_size": Decimal("0.01"), "step_size": Decimal("0.01")}
    specs = [market_spec(PERP, **grid), market_spec("SOL_USDC", **grid)]
    desk = open_desk(specs, [pair.api_key for pair in pairs], clock=clock)
    loop = asyncio.new_event_loop()
    listener = bind(0)
    runner = loop.run_until_complete(serve(make_app(desk), listener))
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    local = LocalExchange(loop, desk, clock, listener.getsockname()[1], pairs)
    try:
        local.snapshot({9_999 - n: 1_000 for n in range(3)}, {10_001 + n: 1_000 for n in range(3)})
        yield local
    finally:
        local.close()
        asyncio.run_coroutine_threadsafe(runner.cleanup(), loop).result(timeout=5)
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()

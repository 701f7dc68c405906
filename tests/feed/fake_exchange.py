"""An exchange in memory: a true book, numbered updates, connections that can be cut and frames that can be lost."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Executor, Future
from decimal import Decimal
from typing import Any, NamedTuple

from trading.board.state import Mark
from trading.core.book import Levels, OrderBook
from trading.core.units import MarketGrid
from trading.exchange.errors import ExchangeError, ExchangeUnavailable, StreamClosed, UnexpectedAnswer
from trading.exchange.readings import DepthSnapshot, MarkPrice

GRID = MarketGrid(tick_size=Decimal("0.01"), step_size=Decimal("0.1"), min_quantity=Decimal("0.1"))
MILLISECOND_NS = 1_000_000


class FakeClock:
    """Wall and monotonic time that pass only when they are told to."""

    def __init__(self) -> None:
        self.now_ns = 1_000_000_000_000

    def __call__(self) -> int:
        return self.now_ns

    def pass_ms(self, ms: float) -> None:
        self.now_ns += int(ms * MILLISECOND_NS)


class Immediately(Executor):
    """An executor that is done before it is asked."""

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(fn(*args, **kwargs))
        except ExchangeError as error:  # it belongs to whoever asks for the result
            future.set_exception(error)
        return future


class FakeFrame(NamedTuple):
    stream: str
    data: Mapping[str, Any]
    received_ns: int


class FakeUpdate(NamedTuple):
    first_id: int
    last_id: int
    bids: Levels
    asks: Levels
    engine_us: int


class FakeStream:
    """One connection of a fake exchange."""

    def __init__(self) -> None:
        self.frames: deque[FakeFrame] = deque()
        self.subscribed: list[str] = []
        self.cut = False
        self.closed = False

    def subscribe(self, streams: Sequence[str]) -> None:
        self.subscribed += streams

    def receive(self, timeout_s: float) -> FakeFrame | None:
        if self.frames:
            return self.frames.popleft()
        if self.cut:
            raise StreamClosed("cut")
        return None

    def has_more(self) -> bool:
        return bool(self.frames) or self.cut

    def close(self) -> None:
        self.closed = True


class FakeDecoder:
    """Frames of the fake exchange carry values already; the word "garbage" cannot be read."""

    def depth(self, data: Mapping[str, Any], grid: MarketGrid) -> FakeUpdate:
        if "garbage" in data:
            raise UnexpectedAnswer("garbage")
        update: FakeUpdate = data["update"]
        return update

    def mark(self, data: Mapping[str, Any], grid: MarketGrid, received_ns: int) -> Mark:
        return Mark(Decimal(data["price_ticks"]), None, None, None, data["engine_us"], received_ns)


class FakeExchange:
    """A market per symbol with a true book; says everything to all connections that are up."""

    def __init__(self, clock: FakeClock, symbols: Sequence[str]) -> None:
        self.clock = clock
        self.decoder = FakeDecoder()
        self.books = {symbol: OrderBook() for symbol in symbols}
        self.ids = dict.fromkeys(symbols, 100)
        self.streams: list[FakeStream] = []
        self.rest_is_up = True
        self.streams_are_up = True
        self.tries_at_ns: list[int] = []
        self.depth_reads: list[str] = []
        for book in self.books.values():
            book.replace([(100, 5), (99, 7)], [(102, 3), (103, 9)])

    @property
    def stream(self) -> FakeStream:
        """Return the newest connection."""
        return self.streams[-1]

    def open_stream(self) -> FakeStream:
        self.tries_at_ns.append(self.clock.now_ns)
        if not self.streams_are_up:
            raise ExchangeUnavailable("no streams")
        self.streams.append(FakeStream())
        return self.stream

    def depth(self, symbol: str, *, limit: int) -> DepthSnapshot:
        self.depth_reads.append(symbol)
        self.require_rest()
        bids, asks = self.books[symbol].top(limit)
        return DepthSnapshot(
            symbol=symbol,
            last_update_id=self.ids[symbol],
            bids=tuple((GRID.price(ticks), GRID.quantity(lots)) for ticks, lots in bids),
            asks=tuple((GRID.price(ticks), GRID.quantity(lots)) for ticks, lots in asks),
            engine_us=self.clock.now_ns // 1_000,
        )

    def mark_prices(self, symbol: str | None = None) -> list[MarkPrice]:
        self.require_rest()
        return [MarkPrice(name, Decimal("1.015"), None, None, None) for name in self.books]

    def require_rest(self) -> None:
        if not self.rest_is_up:
            raise ExchangeUnavailable("no REST")

    def change(self, symbol: str, *, bids: Levels = (), asks: Levels = (), lost: bool = False) -> int:
        """Change the book, tell everybody unless the frame gets ``lost``, and return the update's id."""
        self.ids[symbol] += 1
        number = self.ids[symbol]
        self.books[symbol].apply(bids, asks)
        update = FakeUpdate(number, number, bids, asks, self.clock.now_ns // 1_000)
        if not lost:
            self.say(f"depth.{symbol}", {"update": update})
        return number

    def say(self, stream: str, data: Mapping[str, Any]) -> None:
        """Send a frame over every connection."""
        for connection in self.streams:
            connection.frames.append(FakeFrame(stream, data, self.clock.now_ns))

    def cut(self) -> None:
        """End all connections and refuse everything new."""
        self.streams_are_up = self.rest_is_up = False
        for connection in self.streams:
            connection.cut = True

    def come_back(self) -> None:
        """Take connections and questions again."""
        self.streams_are_up = self.rest_is_up = True

"""Backpack as a source of market data: its streams and REST behind the feed's ports."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from select import select
from typing import Any

from trading.board.state import Mark
from trading.core.units import MarketGrid
from trading.exchange.backpack.parse import DepthUpdate, parse_depth, parse_mark_price
from trading.exchange.backpack.streams import Frame, Stream


class BackpackStream:
    """One connection, with the question whether more has come already."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def subscribe(self, streams: Sequence[str]) -> None:
        """Ask for streams. Raises: StreamClosed."""
        self._stream.subscribe(streams)

    def receive(self, timeout_s: float) -> Frame | None:
        """Return the next frame, or None when none came in time. Raises: StreamClosed, StreamRefused."""
        return self._stream.receive(timeout_s)

    def has_more(self) -> bool:
        """Tell whether bytes wait in the socket.

        Bytes that TLS has read already do not show; they are only read one step later.
        """
        try:
            readable, _, _ = select([self._stream.fileno()], [], [], 0)
        except (OSError, ValueError):  # closed meanwhile: `receive` says so
            return False
        return bool(readable)

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()


class BackpackDecoder:
    """Reads Backpack's frames. Raises: UnexpectedAnswer."""

    def depth(self, data: Mapping[str, Any], grid: MarketGrid) -> DepthUpdate:
        """Return a change of the book in ticks and lots."""
        return parse_depth(dict(data), grid)

    def mark(self, data: Mapping[str, Any], grid: MarketGrid, received_ns: int) -> Mark:
        """Return a mark price in ticks, which need not be whole."""
        update = parse_mark_price(dict(data))
        return Mark(
            price_ticks=update.mark_price / grid.tick_size,
            index_ticks=None if update.index_price is None else update.index_price / grid.tick_size,
            funding_rate=update.funding_rate,
            next_funding_ms=update.next_funding_ms,
            exchange_us=update.engine_us,
            received_ns=received_ns,
        )


def backpack_streams(url: str, *, timeout_s: float = 5.0) -> Callable[[], BackpackStream]:
    """Return what opens connections to Backpack's streams."""

    def open_stream() -> BackpackStream:
        return BackpackStream(Stream.connect(url, timeout_s))

    return open_stream

"""Ports: what a feed needs of an exchange."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from trading.board.state import Mark
from trading.core.units import MarketGrid
from trading.exchange.readings import DepthSnapshot, MarkPrice
from trading.feed.joiner import Update


class Frame(Protocol):
    """One message of a stream, with the wall time at which it came in."""

    @property
    def stream(self) -> str: ...
    @property
    def data(self) -> Mapping[str, Any]: ...
    @property
    def received_ns(self) -> int: ...


class Stream(Protocol):
    """A connection that carries several streams. Raises: StreamClosed, StreamRefused."""

    def subscribe(self, streams: Sequence[str]) -> None: ...

    def receive(self, timeout_s: float) -> Frame | None: ...

    def has_more(self) -> bool:
        """Tell whether `receive` would return at once; False only costs a batch its end."""
        ...

    def close(self) -> None: ...


OpenStream = Callable[[], Stream]
"""Connects and returns a stream, not subscribed to anything yet. Raises: ExchangeError."""


class MarketReader(Protocol):
    """REST reads of public market data. Raises: ExchangeError."""

    def depth(self, symbol: str, *, limit: int) -> DepthSnapshot: ...

    def mark_prices(self, symbol: str | None = None) -> list[MarkPrice]: ...


class Decoder(Protocol):
    """Reads what stands in frames. Raises: ExchangeError, CoreError when it is not as documented."""

    def depth(self, data: Mapping[str, Any], grid: MarketGrid) -> Update: ...

    def mark(self, data: Mapping[str, Any], grid: MarketGrid, received_ns: int) -> Mark: ...

"""A market that hardly moves: one book per symbol and a small trade on alternating sides. For tests and first steps."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from recordings.events import BookUpdate, MarketEvent, Trade

_LEVELS = 20


class StillMarket(NamedTuple):
    """A market's best bid, best ask and quantity per level. Units: ticks, lots."""

    symbol: str
    bid_ticks: int
    ask_ticks: int
    lots: int


def still(
    markets: Sequence[StillMarket], *, start_ns: int, step_ns: int = 100_000_000
) -> Iterator[tuple[str, MarketEvent]]:
    """Yield a snapshot of every market, then one trade and the refilled level at each step, without end."""
    for market in markets:
        bids = tuple((market.bid_ticks - n, market.lots) for n in range(_LEVELS))
        asks = tuple((market.ask_ticks + n, market.lots) for n in range(_LEVELS))
        yield market.symbol, BookUpdate(start_ns, True, bids, asks)
    at_ns = start_ns
    sells = True
    while True:
        at_ns += step_ns
        for market in markets:
            price = market.bid_ticks if sells else market.ask_ticks
            yield market.symbol, Trade(at_ns, price, 1, sells)
            for lots in (market.lots - 1, market.lots):
                level = ((price, lots),)
                yield market.symbol, BookUpdate(at_ns, False, level if sells else (), () if sells else level)
        sells = not sells

"""Events of a recorded market: atomic changes of the book, and trades."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

Level: TypeAlias = tuple[int, int]
"""Price in ticks and quantity in lots."""


class BookUpdate(NamedTuple):
    """One atomic change of the book.

    A snapshot replaces the whole book; otherwise each level carries its new absolute quantity, and 0 lots
    delete it.
    """

    exchange_ns: int
    is_snapshot: bool
    bids: tuple[Level, ...]
    asks: tuple[Level, ...]


class Trade(NamedTuple):
    """One trade; the aggressor sold if the buyer was the maker."""

    exchange_ns: int
    price_ticks: int
    quantity_lots: int
    buyer_is_maker: bool


MarketEvent: TypeAlias = BookUpdate | Trade

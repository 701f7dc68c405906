"""Order book: price levels of one market on integer ticks and lots."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable
from typing import NamedTuple

from trading.core.errors import EmptyBook
from trading.core.units import Side

Level = tuple[int, int]
"""A level is ``(price_ticks, quantity_lots)``, in this order, everywhere."""

Levels = tuple[Level, ...]


class BookView(NamedTuple):
    """What a strategy reads: the best levels of both sides, best first."""

    bids: Levels
    asks: Levels

    @property
    def best_bid(self) -> Level:
        """Return the highest bid. Raises: EmptyBook when there is none."""
        return _best(self.bids, "bids")

    @property
    def best_ask(self) -> Level:
        """Return the lowest ask. Raises: EmptyBook when there is none."""
        return _best(self.asks, "asks")

    @property
    def spread_ticks(self) -> int:
        """Return best ask minus best bid; negative when crossed. Raises: EmptyBook."""
        return self.best_ask[0] - self.best_bid[0]

    @property
    def is_crossed(self) -> bool:
        """Tell whether the best bid is above the best ask; an empty side crosses nothing."""
        return bool(self.bids and self.asks) and self.bids[0][0] > self.asks[0][0]

    @property
    def is_locked(self) -> bool:
        """Tell whether the best bid equals the best ask; an empty side locks nothing."""
        return bool(self.bids and self.asks) and self.bids[0][0] == self.asks[0][0]

    def levels(self, side: Side) -> Levels:
        """Return the levels of one side, best first."""
        return self.bids if side is Side.BID else self.asks

    def mirrored(self) -> BookView:
        """Return the book seen in a mirror: bids become asks at negated prices, and the reverse."""
        return BookView(
            bids=tuple((-ticks, lots) for ticks, lots in self.asks),
            asks=tuple((-ticks, lots) for ticks, lots in self.bids),
        )


class OrderBook:
    """A book kept in two pairs of sorted lists.

    Each side keeps its prices in the order that puts the best one last (asks negated), because books change
    near their best price and a list is cheapest to change at its end.
    """

    __slots__ = ("_ask_keys", "_ask_lots", "_bid_keys", "_bid_lots")

    def __init__(self) -> None:
        self._bid_keys: list[int] = []
        self._bid_lots: list[int] = []
        self._ask_keys: list[int] = []
        self._ask_lots: list[int] = []

    def replace(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Replace the whole book. The levels may come in any order; 0 lots are left out."""
        bid_levels = sorted((ticks, lots) for ticks, lots in bids if lots)
        ask_levels = sorted((-ticks, lots) for ticks, lots in asks if lots)
        self._bid_keys = [key for key, _ in bid_levels]
        self._bid_lots = [lots for _, lots in bid_levels]
        self._ask_keys = [key for key, _ in ask_levels]
        self._ask_lots = [lots for _, lots in ask_levels]

    def apply(self, bids: Iterable[Level], asks: Iterable[Level]) -> None:
        """Set levels to absolute quantities; 0 lots deletes a level, also one that is not there.

        Whether the update fits the chain of updates is the joiner's question, not the book's.
        """
        keys, quantities = self._bid_keys, self._bid_lots
        for ticks, lots in bids:
            _set(keys, quantities, ticks, lots)
        keys, quantities = self._ask_keys, self._ask_lots
        for ticks, lots in asks:
            _set(keys, quantities, -ticks, lots)

    @property
    def best_bid(self) -> Level:
        """Return the highest bid. Raises: EmptyBook when there is none."""
        if not self._bid_keys:
            raise EmptyBook("there are no bids")
        return self._bid_keys[-1], self._bid_lots[-1]

    @property
    def best_ask(self) -> Level:
        """Return the lowest ask. Raises: EmptyBook when there is none."""
        if not self._ask_keys:
            raise EmptyBook("there are no asks")
        return -self._ask_keys[-1], self._ask_lots[-1]

    @property
    def spread_ticks(self) -> int:
        """Return best ask minus best bid; negative when crossed. Raises: EmptyBook."""
        return self.best_ask[0] - self.best_bid[0]

    @property
    def is_crossed(self) -> bool:
        """Tell whether the best bid is above the best ask; an empty side crosses nothing."""
        return bool(self._bid_keys and self._ask_keys) and self._bid_keys[-1] + self._ask_keys[-1] > 0

    @property
    def is_locked(self) -> bool:
        """Tell whether the best bid equals the best ask; an empty side locks nothing."""
        return bool(self._bid_keys and self._ask_keys) and self._bid_keys[-1] + self._ask_keys[-1] == 0

    def top(self, depth: int) -> tuple[Levels, Levels]:
        """Return the best ``depth`` levels of bids and asks, best first."""
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        bids = tuple(zip(self._bid_keys[: -depth - 1 : -1], self._bid_lots[: -depth - 1 : -1], strict=True))
        asks = tuple(
            (-key, lots)
            for key, lots in zip(self._ask_keys[: -depth - 1 : -1], self._ask_lots[: -depth - 1 : -1], strict=True)
        )
        return bids, asks

    def view(self, depth: int) -> BookView:
        """Return the best ``depth`` levels as the value that strategies read."""
        return BookView(*self.top(depth))

    def volume(self, side: Side, depth: int) -> int:
        """Return the lots resting on the best ``depth`` levels of a side; 0 when it is empty."""
        if depth < 1:
            raise ValueError(f"depth must be at least 1, got {depth}")
        return sum((self._bid_lots if side is Side.BID else self._ask_lots)[-depth:])

    def ticks_at(self, side: Side, rank: int) -> int | None:
        """Return the price of the level of a rank (1 is the best), or None where there are fewer levels."""
        if rank < 1:
            raise ValueError(f"rank must be at least 1, got {rank}")
        keys = self._bid_keys if side is Side.BID else self._ask_keys
        if len(keys) < rank:
            return None
        return keys[-rank] * side.sign

    def level_count(self, side: Side) -> int:
        """Return how many price levels a side has."""
        return len(self._bid_keys if side is Side.BID else self._ask_keys)


def _set(keys: list[int], quantities: list[int], key: int, lots: int) -> None:
    index = bisect_left(keys, key)
    if index < len(keys) and keys[index] == key:
        if lots:
            quantities[index] = lots
        else:
            del keys[index]
            del quantities[index]
    elif lots:
        keys.insert(index, key)
        quantities.insert(index, lots)


def _best(levels: Levels, name: str) -> Level:
    if not levels:
        raise EmptyBook(f"there are no {name}")
    return levels[0]

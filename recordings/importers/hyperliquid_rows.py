"""Rows of the `hyperliquid-csv` files: which columns they have, and what a row says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import count, takewhile
from typing import NamedTuple

from recordings.events import Level, Trade
from recordings.importers.csv_rows import Cells, seconds_as_ns
from recordings.importers.grid import GridFinder, Multiples

TRADE_COLUMNS = ("timestamp", "price", "size", "side", "trade_id", "exchange_timestamp")

_EMPTY_CELLS = frozenset({"", "nan", "NaN", "None", "null"})
_AGGRESSOR_SOLD = {"buy": False, "sell": True}
_NS_PER_MS = 1_000_000
_MS_DIGITS = 13  # from 2001 to 2286: a time with fewer digits was cut off


class BookColumns(NamedTuple):
    """The level columns of a book file, best first, as (price, size)."""

    bids: Sequence[tuple[str, str]]
    asks: Sequence[tuple[str, str]]

    @property
    def names(self) -> list[str]:
        """Return every column that a book file must have."""
        levels = [name for level in (*self.bids, *self.asks) for name in level]
        return ["timestamp", "exchange_timestamp", *levels]


class BookImage(NamedTuple):
    """The best levels of both sides at one time, as quantity in lots by price in ticks."""

    exchange_ns: int
    received_ns: int
    bids: dict[int, int]
    asks: dict[int, int]
    empty_levels: int
    repeated_prices: int

    @property
    def has_both_sides(self) -> bool:
        """Return whether there is a level on each side."""
        return bool(self.bids and self.asks)


class TradeRow(NamedTuple):
    """A trade, its identity and when it was received."""

    trade_id: str
    received_ns: int
    trade: Trade


class Grid(NamedTuple):
    """Ticks by price text, lots by quantity text."""

    prices: Multiples
    quantities: Multiples


class GridFinders(NamedTuple):
    """The grid while it is being found."""

    prices: GridFinder
    quantities: GridFinder


def book_columns(header: Sequence[str]) -> BookColumns:
    """Return as many levels as the header counts, at least one."""
    depth = len(list(takewhile(lambda level: f"bid_price_{level}" in header, count())))
    sides = [
        [(f"{side}_price_{level}", f"{side}_size_{level}") for level in range(max(depth, 1))] for side in ("bid", "ask")
    ]
    return BookColumns(*sides)


def book_measurer(columns: BookColumns, finders: GridFinders) -> Callable[[Cells], None]:
    """Return a parser that takes a row's numbers into the grid, or raises ValueError."""

    def measure(cells: Cells) -> None:
        levels = [level for side in columns for level in _filled(cells, side)]
        finders.prices.add(price for price, _ in levels)
        finders.quantities.add(quantity for _, quantity in levels)

    return measure


def trade_measurer(finders: GridFinders) -> Callable[[Cells], None]:
    """Return a parser that takes a trade's numbers into the grid, or raises ValueError."""

    def measure(cells: Cells) -> None:
        _exchange_ns(cells)
        finders.prices.add([cells["price"]])
        finders.quantities.add([cells["size"]])

    return measure


def image_parser(columns: BookColumns, grid: Grid) -> Callable[[Cells], BookImage]:
    """Return a parser of book rows. It raises ValueError for a row that says no times or numbers."""

    def parse(cells: Cells) -> BookImage:
        bids, asks = (_levels(cells, side, grid) for side in columns)
        sides = dict(bids), dict(asks)
        return BookImage(
            exchange_ns=_exchange_ns(cells),
            received_ns=seconds_as_ns(cells["timestamp"]),
            bids=sides[0],
            asks=sides[1],
            empty_levels=len(columns.bids) + len(columns.asks) - len(bids) - len(asks),
            repeated_prices=len(bids) + len(asks) - len(sides[0]) - len(sides[1]),
        )

    return parse


def trade_parser(grid: Grid) -> Callable[[Cells], TradeRow]:
    """Return a parser of trades. It raises ValueError for a trade without price, size or side."""

    def parse(cells: Cells) -> TradeRow:
        side = cells["side"]
        price_ticks, quantity_lots = grid.prices[cells["price"]], grid.quantities[cells["size"]]
        if side not in _AGGRESSOR_SOLD:
            raise ValueError(f"side {side!r} is neither buy nor sell")
        if not (price_ticks and quantity_lots):
            raise ValueError("a trade needs a price and a size")
        trade = Trade(_exchange_ns(cells), price_ticks, quantity_lots, _AGGRESSOR_SOLD[side])
        return TradeRow(cells["trade_id"], seconds_as_ns(cells["timestamp"]), trade)

    return parse


def _filled(cells: Cells, side: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    levels = [(cells[price], cells[size]) for price, size in side]
    return [level for level in levels if level[0] not in _EMPTY_CELLS and level[1] not in _EMPTY_CELLS]


def _levels(cells: Cells, side: Sequence[tuple[str, str]], grid: Grid) -> list[Level]:
    levels = [(grid.prices[price], grid.quantities[size]) for price, size in _filled(cells, side)]
    return [(ticks, lots) for ticks, lots in levels if ticks and lots]


def _exchange_ns(cells: Cells) -> int:
    text = cells["exchange_timestamp"]
    if len(text) != _MS_DIGITS or not text.isdecimal():
        raise ValueError(f"{text!r} is not a time in milliseconds")
    return int(text) * _NS_PER_MS

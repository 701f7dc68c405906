"""Importer `hyperliquid-csv`: a folder with one file of book images and one of trades per coin.

An image holds the best levels of both sides. The first one becomes a snapshot, each later one an update with
the differences to the image before it; a level that left the image is deleted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from recordings.errors import MalformedInput
from recordings.events import BookUpdate, Level, Trade
from recordings.importers.csv_rows import csv_header, csv_rows
from recordings.importers.grid import GridFinder, Multiples
from recordings.importers.hyperliquid_rows import (
    TRADE_COLUMNS,
    BookColumns,
    BookImage,
    Grid,
    GridFinders,
    book_columns,
    book_measurer,
    image_parser,
    trade_measurer,
    trade_parser,
)
from recordings.importers.job import ImportJob
from recordings.importers.lines import LineReader
from recordings.importers.order import Received, in_time_order
from recordings.importers.report import MarketReport, Tally

_BOOK_PREFIX, _TRADES_PREFIX = "orderbooks_", "trades_"
_SUFFIXES = (".csv", ".csv.gz")


class _Files(NamedTuple):
    coin: str
    book: Path
    trades: Path | None

    @property
    def symbol(self) -> str:
        return f"{self.coin}_USDC_PERP"


def import_hyperliquid_csv(job: ImportJob) -> None:
    """Import every coin of a folder that the job wants. Raises: MalformedInput, RecordingRefused."""
    if not job.path.is_dir():
        raise MalformedInput(f"{job.path} is a file; hyperliquid-csv reads a folder with orderbooks_X.csv[.gz]")
    coins = [files for files in _coins(job.path) if job.wants(files.symbol)]
    paths = [path for files in coins for path in (files.book, files.trades) if path]
    reader = LineReader(paths, passes=2, progress=job.progress)
    for files in coins:
        _import_coin(job, files, reader)


def _coins(folder: Path) -> list[_Files]:
    books, trades = _by_coin(folder, _BOOK_PREFIX), _by_coin(folder, _TRADES_PREFIX)
    return [_Files(coin, path, trades.get(coin)) for coin, path in sorted(books.items())]


def _by_coin(folder: Path, prefix: str) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for path in sorted(folder.iterdir()):
        suffix = next((suffix for suffix in _SUFFIXES if path.name.endswith(suffix)), None)
        if suffix is None or not path.name.startswith(prefix):
            continue
        coin = path.name.removeprefix(prefix).removesuffix(suffix)
        if coin in found:
            raise MalformedInput(f"{folder} has both {found[coin].name} and {path.name}")
        found[coin] = path
    return found


def _import_coin(job: ImportJob, files: _Files, reader: LineReader) -> None:
    columns = book_columns(csv_header(files.book, reader))
    finders = _measured(files, columns, reader)
    try:
        tick_size, step_size = finders.prices.unit(), finders.quantities.unit()
    except ValueError as error:
        raise MalformedInput(f"{files.book}: {error}") from error
    market, report = job.add_market(
        files.symbol,
        tick_size=tick_size,
        step_size=step_size,
        depth=len(columns.bids),
        source=f"Hyperliquid perpetual {files.coin}",
        notes=() if files.trades else ("the source has no trades",),
    )
    grid = Grid(Multiples(tick_size), Multiples(step_size))
    books = _book_updates(_images(files.book, columns, grid, reader, report), report)
    trades = _trades(files.trades, grid, reader, report) if files.trades else []
    for item in in_time_order(books=books, trades=trades):
        if isinstance(item.event, Trade) and market.is_empty:
            report.trades.drop("before_the_book")
            continue
        market.append(item.event, received_ns=item.received_ns)
        report.trades.kept += isinstance(item.event, Trade)
    if market.is_empty:
        raise MalformedInput(f"{files.book} has no usable row")


def _measured(files: _Files, columns: BookColumns, reader: LineReader) -> GridFinders:
    finders = GridFinders(GridFinder(), GridFinder())
    uncounted = Tally()  # the second reading counts
    for _ in csv_rows(
        files.book, reader, columns=columns.names, parse=book_measurer(columns, finders), tally=uncounted
    ):
        pass
    if files.trades is None:
        return finders
    for _ in csv_rows(files.trades, reader, columns=TRADE_COLUMNS, parse=trade_measurer(finders), tally=uncounted):
        pass
    return finders


def _images(
    path: Path, columns: BookColumns, grid: Grid, reader: LineReader, report: MarketReport
) -> Iterator[BookImage]:
    """Yield the images that can be used, in strictly increasing time."""
    newest_ns = 0
    parse = image_parser(columns, grid)
    for image in csv_rows(path, reader, columns=columns.names, parse=parse, tally=report.book):
        defect = _defect(image, newest_ns)
        if defect:
            report.book.drop(defect)
            continue
        newest_ns = image.exchange_ns
        report.book.kept += 1
        _notice(image, report)
        yield image


def _defect(image: BookImage, newest_ns: int) -> str | None:
    if image.exchange_ns == newest_ns:
        return "duplicate_timestamp"
    if image.exchange_ns < newest_ns:
        return "out_of_order"
    if image.repeated_prices:
        return "repeated_price"
    if not image.has_both_sides:
        return "empty_side"
    return "crossed" if max(image.bids) > min(image.asks) else None


def _notice(image: BookImage, report: MarketReport) -> None:
    if image.empty_levels:
        report.notice("rows_with_empty_levels")
    if max(image.bids) == min(image.asks):
        report.notice("locked_rows")


def _book_updates(images: Iterator[BookImage], report: MarketReport) -> Iterator[Received]:
    previous: BookImage | None = None
    for image in images:
        if previous is None:
            bids, asks = tuple(image.bids.items()), tuple(image.asks.items())
        else:
            bids, asks = _changes(previous.bids, image.bids), _changes(previous.asks, image.asks)
        if not (bids or asks):
            # The image is a sign of life that a cadence is measured by: restate the best bid.
            report.notice("unchanged_rows")
            bids = (next(iter(image.bids.items())),)
        yield Received(BookUpdate(image.exchange_ns, previous is None, bids, asks), image.received_ns)
        previous = image


def _changes(before: dict[int, int], after: dict[int, int]) -> tuple[Level, ...]:
    deleted = [(ticks, 0) for ticks in before if ticks not in after]
    changed = [(ticks, lots) for ticks, lots in after.items() if before.get(ticks) != lots]
    return (*deleted, *changed)


def _trades(path: Path, grid: Grid, reader: LineReader, report: MarketReport) -> list[Received]:
    """Return the trades once each and in time order; all of one coin fit into memory."""
    trades: list[Received] = []
    known: set[str] = set()
    for row in csv_rows(path, reader, columns=TRADE_COLUMNS, parse=trade_parser(grid), tally=report.trades):
        if row.trade_id in known:
            report.trades.drop("duplicate_id")
            continue
        known.add(row.trade_id)
        if trades and row.trade.exchange_ns < trades[-1].event.exchange_ns:
            report.notice("trades_put_in_order")
        trades.append(Received(row.trade, row.received_ns))
    return sorted(trades, key=lambda item: item.event.exchange_ns)

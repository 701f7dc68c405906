"""Importer `binance-raw`: lines of `<local ns> <json>` from Binance's WebSocket streams and REST snapshots.

Everything is read twice: first to learn the markets, their ticks and steps and the snapshots, then to write.
The lines of several files are merged by local time, so a market may be cut into files, or its streams split.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterable, Sequence
from pathlib import Path

from recordings.errors import MalformedInput
from recordings.events import Level, Trade
from recordings.importers.binance_chain import BookChain, DepthDiff, RestSnapshot
from recordings.importers.binance_messages import (
    Entry,
    EntryReader,
    MarketKey,
    Message,
    Sort,
    Venue,
    market_key,
)
from recordings.importers.binance_survey import SHAPE_ERRORS, Survey, id_range, survey, whole
from recordings.importers.grid import Multiples
from recordings.importers.job import ImportJob
from recordings.importers.lines import LineReader
from recordings.importers.order import Received, TimeOrder
from recordings.importers.report import MarketReport
from recordings.manifest import STARTS_PARTIAL, STARTS_WITH_SNAPSHOT
from recordings.writer import MarketWriter

_NS_PER_MS = 1_000_000
_FULL_DEPTH = 0
_NOTES = {Venue.COIN_MARGINED: ("quantities are contracts of a fixed number of dollars, not coins",)}


def import_binance_raw(job: ImportJob) -> None:
    """Import every market of a file or folder that the job wants.

    Raises: MalformedInput, RecordingRefused.
    """
    paths = _files(job.path)
    lines = LineReader(paths, passes=2, progress=job.progress)
    readers = [EntryReader(path, lines) for path in paths]
    markets = {key: _Market.add_to(job, key, found) for key, found in survey(job, readers).items()}
    for entry in heapq.merge(*(reader.entries() for reader in readers), key=_received_ns):
        key = market_key(entry) if entry.sort in (Sort.DEPTH, Sort.TRADE) else None
        market = markets.get(key) if key else None
        if market is not None:
            market.take(entry)
    for market in markets.values():
        market.finish()


def _files(path: Path) -> list[Path]:
    """Return the file, or a folder's files except those that are hidden or meant for people."""
    if path.is_file():
        return [path]
    files = [file for file in sorted(path.iterdir()) if file.is_file()]
    return [file for file in files if not file.name.startswith(".") and file.suffix.lower() != ".md"]


def _received_ns(entry: Entry) -> int:
    return entry.received_ns


class _Market:
    """One market on its way from messages to events."""

    def __init__(self, *, writer: MarketWriter, report: MarketReport, snapshots: Sequence[Entry]) -> None:
        self._writer = writer
        self._report = report
        self._prices, self._quantities = Multiples(report.tick_size), Multiples(report.step_size)
        self._order = TimeOrder()
        self._book_ns = 0
        self._trade_id = -1
        self._chain = BookChain(
            [self._snapshot(entry) for entry in snapshots], tally=report.book, noticed=report.noticed
        )

    @classmethod
    def add_to(cls, job: ImportJob, key: MarketKey, found: Survey) -> _Market:
        """Add a surveyed market to the recording. Raises: MalformedInput, RecordingRefused."""
        snapshots = found.fitting_snapshots()
        try:
            tick_size, step_size = found.prices.unit(), found.quantities.unit()
        except ValueError as error:
            raise MalformedInput(f"{job.path}: {key.title}: {error}") from error
        writer, report = job.add_market(
            key.symbol or key.pair,
            tick_size=tick_size,
            step_size=step_size,
            depth=_FULL_DEPTH,
            source=key.title,
            starts=STARTS_WITH_SNAPSHOT if snapshots else STARTS_PARTIAL,
            notes=_NOTES.get(key.venue, ()),
        )
        report.notice("snapshots", len(found.snapshots))
        return cls(writer=writer, report=report, snapshots=snapshots)

    def take(self, entry: Entry) -> None:
        """Take a depth update or a trade. Raises: MalformedInput."""
        try:
            if entry.sort is Sort.TRADE:
                self._take_trade(entry)
            else:
                self._take_depth(entry)
        except SHAPE_ERRORS as error:
            raise entry.malformed(error) from error

    def finish(self) -> None:
        """Write what is still held. Raises: MalformedInput if the book never started."""
        self._write(self._order.rest())
        if self._writer.is_empty:
            raise MalformedInput(
                f"{self._report.source} has no snapshot that fits, and too few updates to start without one"
            )

    def _take_trade(self, entry: Entry) -> None:
        message, dropped = entry.message, self._report.trades.drop
        trade_id = whole(message, "t")
        trade = Trade(
            whole(message, "T") * _NS_PER_MS,
            self._prices[message["p"]],
            self._quantities[message["q"]],
            bool(message["m"]),
        )
        if trade_id <= self._trade_id:
            dropped("duplicate_id")
        elif not (trade.price_ticks and trade.quantity_lots):
            dropped("without_quantity")
        elif not self._chain.has_book:
            dropped("without_book")
        elif trade.exchange_ns < self._order.accepts_from_ns:
            dropped("too_late")
        else:
            self._write(self._order.push(Received(trade, entry.received_ns)))
        self._trade_id = max(trade_id, self._trade_id)

    def _take_depth(self, entry: Entry) -> None:
        message = entry.message
        covers_from, last_id = id_range(message)
        diff = DepthDiff(
            received_ns=entry.received_ns,
            exchange_ns=self._book_time_ns(message),
            covers_from=covers_from,
            last_id=last_id,
            bids=self._levels(message["b"]),
            asks=self._levels(message["a"]),
        )
        for update in self._chain.feed(diff):
            # A snapshot may be as old as the exchange says, unless the book has already moved on.
            exchange_ns = max(update.exchange_ns, self._book_ns, self._order.accepts_from_ns)
            self._report.notice("book_times_raised", exchange_ns > update.exchange_ns)
            self._book_ns = exchange_ns
            placed = update._replace(exchange_ns=exchange_ns)
            self._write(self._order.push(Received(placed, entry.received_ns)))

    def _write(self, items: Iterable[Received]) -> None:
        for event, received_ns in items:
            is_trade = isinstance(event, Trade)
            if is_trade and self._writer.is_empty:
                self._report.trades.drop("without_book")
                continue
            self._writer.append(event, received_ns=received_ns)
            self._report.trades.kept += is_trade

    def _snapshot(self, entry: Entry) -> RestSnapshot:
        message = entry.message
        return RestSnapshot(
            received_ns=entry.received_ns,
            last_id=whole(message, "lastUpdateId"),
            exchange_ns=whole(message, "T") * _NS_PER_MS if "T" in message else None,
            bids=tuple(level for level in self._levels(message["bids"]) if all(level)),
            asks=tuple(level for level in self._levels(message["asks"]) if all(level)),
        )

    def _levels(self, levels: Iterable[tuple[str, str]]) -> tuple[Level, ...]:
        prices, quantities = self._prices, self._quantities
        return tuple([(prices[price], quantities[quantity]) for price, quantity in levels])

    def _book_time_ns(self, message: Message) -> int:
        """Return the matching engine's time, or the stream's where there is no other (spot)."""
        return whole(message, "T" if "T" in message else "E") * _NS_PER_MS

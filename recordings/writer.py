"""Writing a recording: append-only, row group by row group, the manifest last."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from types import TracebackType
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recordings.columns import ASK, BID, DEPTH_LEVEL, ROW_GROUP_ROWS, SCHEMA, SNAPSHOT_LEVEL, TRADE, Int64s
from recordings.errors import RecordingRefused
from recordings.events import BookUpdate, Level, MarketEvent, Trade
from recordings.manifest import (
    MANIFEST_NAME,
    STARTS_WITH_SNAPSHOT,
    UNFINISHED_NAME,
    Manifest,
    RecordedMarket,
    check_grid,
    check_symbol,
    manifest_text,
)


class RecordingWriter:
    """Write a recording into a new or empty folder.

    Leaving the `with` block normally finishes it; leaving it by an exception removes everything that was
    written. A process that is killed leaves a folder that readers recognise as unfinished.
    """

    def __init__(self, path: Path, *, source_kind: str) -> None:
        self._folder = Path(path)
        self._source_kind = source_kind
        self._markets: dict[str, MarketWriter] = {}
        self._made_folder = not self._folder.exists()
        _require_empty(self._folder)
        self._folder.mkdir(parents=True, exist_ok=True)
        self._unfinished = self._folder / UNFINISHED_NAME
        self._unfinished.touch(exist_ok=False)

    def add_market(
        self,
        symbol: str,
        *,
        tick_size: Decimal,
        step_size: Decimal,
        depth: int,
        source: str,
        starts: str = STARTS_WITH_SNAPSHOT,
        notes: tuple[str, ...] = (),
    ) -> MarketWriter:
        """Add a market and return where to append its events. Raises: RecordingRefused."""
        if symbol in self._markets:
            raise RecordingRefused(f"{self._folder} already has a market {symbol}")
        try:
            check_symbol(symbol)
            check_grid(tick_size, step_size)
        except ValueError as error:
            raise RecordingRefused(str(error)) from error
        outline = RecordedMarket(
            symbol=symbol,
            tick_size=tick_size,
            step_size=step_size,
            depth=depth,
            first_ns=0,
            last_ns=0,
            book_updates=0,
            trades=0,
            rows=0,
            source=source,
            starts=starts,
            notes=notes,
        )
        self._markets[symbol] = MarketWriter(self._folder / f"{symbol}.parquet", outline=outline)
        return self._markets[symbol]

    def finish(self) -> None:
        """Close every market and write the manifest, last and atomically.

        Raises: RecordingRefused when there is no market or no event.
        """
        if not self._markets:
            raise RecordingRefused(f"{self._folder}: a recording needs a market")
        markets = {symbol: writer.finish() for symbol, writer in self._markets.items()}
        text = manifest_text(Manifest(source_kind=self._source_kind, markets=markets))
        self._unfinished.write_text(text, encoding="utf-8")
        os.replace(self._unfinished, self._folder / MANIFEST_NAME)

    def discard(self) -> None:
        """Remove everything that was written, and the folder if it was not there before."""
        for market in self._markets.values():
            market.discard()
        self._unfinished.unlink(missing_ok=True)
        if self._made_folder:
            self._folder.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is not None:
            self.discard()
            return
        try:
            self.finish()
        except BaseException:
            self.discard()
            raise


class MarketWriter:
    """Append one market's events in exchange time; made by `RecordingWriter.add_market`."""

    def __init__(self, path: Path, *, outline: RecordedMarket) -> None:
        self._path = path
        self._outline = outline
        self._file = pq.ParquetWriter(path, SCHEMA, compression="zstd", compression_level=3, write_statistics=True)
        self._first_ns = self._last_ns = 0
        self._book_updates = self._trades = self._rows = 0
        # A run of rows: (exchange_ns, received_ns, update, kind, side, rows), expanded when written.
        self._runs: list[tuple[int, int, int, int, int, int]] = []
        self._levels: list[Level] = []

    @property
    def is_empty(self) -> bool:
        """Return whether the market waits for its first snapshot."""
        return self._rows == 0

    @property
    def last_ns(self) -> int:
        """Return the exchange time of the newest event, 0 before the first."""
        return self._last_ns

    def append(self, event: MarketEvent, *, received_ns: int | None = None) -> int:
        """Append one event and return the number of rows it took.

        An update without levels takes 0 rows: it changes nothing and is not recorded.

        Raises: RecordingRefused for an event older than the previous one, and for impossible levels.
        """
        if event.exchange_ns < self._last_ns:
            raise RecordingRefused(
                f"{self._outline.symbol}: an event at {event.exchange_ns} ns came after {self._last_ns} ns"
            )
        if not self._rows and not (isinstance(event, BookUpdate) and event.is_snapshot):
            raise RecordingRefused(f"{self._outline.symbol}: a market begins with a snapshot")
        rows = self._append_rows(event, event.exchange_ns if received_ns is None else received_ns)
        if rows:
            self._first_ns = self._first_ns or event.exchange_ns
            self._last_ns = event.exchange_ns
            self._rows += rows
        if len(self._levels) >= ROW_GROUP_ROWS:
            self._write_group()
        return rows

    def finish(self) -> RecordedMarket:
        """Write what is left, close the file and return the market. Raises: RecordingRefused when empty."""
        if not self._rows:
            raise RecordingRefused(f"{self._outline.symbol}: a market needs a snapshot at least")
        self._write_group()
        self._file.close()
        return replace(
            self._outline,
            first_ns=self._first_ns,
            last_ns=self._last_ns,
            book_updates=self._book_updates,
            trades=self._trades,
            rows=self._rows,
        )

    def discard(self) -> None:
        """Close and remove the file."""
        self._file.close()
        self._path.unlink(missing_ok=True)

    def _append_rows(self, event: MarketEvent, received_ns: int) -> int:
        update = self._book_updates + self._trades
        if isinstance(event, Trade):
            side = ASK if event.buyer_is_maker else BID
            self._runs.append((event.exchange_ns, received_ns, update, TRADE, side, 1))
            self._levels.append((event.price_ticks, event.quantity_lots))
            self._trades += 1
            return 1
        if event.is_snapshot and not (event.bids or event.asks):
            raise RecordingRefused(f"{self._outline.symbol}: a snapshot needs a level")
        kind = SNAPSHOT_LEVEL if event.is_snapshot else DEPTH_LEVEL
        for side, levels in ((BID, event.bids), (ASK, event.asks)):
            if levels:
                self._runs.append((event.exchange_ns, received_ns, update, kind, side, len(levels)))
                self._levels.extend(levels)
        rows = len(event.bids) + len(event.asks)
        self._book_updates += 1 if rows else 0
        return rows

    def _write_group(self) -> None:
        if not self._levels:
            return
        runs, levels = self._int64s(self._runs), self._int64s(self._levels)
        exchange_ns, received_ns, update, kind, side = np.repeat(runs[:, :5], runs[:, 5], axis=0).T
        self._check(levels, kind=kind, received_ns=received_ns)
        narrow = kind.astype(np.int8), side.astype(np.int8)
        columns = [exchange_ns, received_ns, update, *narrow, levels[:, 0], levels[:, 1]]
        arrays = [pa.array(np.ascontiguousarray(column)) for column in columns]
        self._file.write_table(pa.Table.from_arrays(arrays, schema=SCHEMA), row_group_size=len(levels))
        self._runs.clear()
        self._levels.clear()

    def _int64s(self, rows: Sequence[tuple[int, ...]]) -> Int64s:
        try:
            return np.array(rows, dtype=np.int64)
        except OverflowError as error:
            raise RecordingRefused(
                f"{self._outline.symbol}: a time, price or quantity does not fit into 64 bits"
            ) from error

    def _check(self, levels: Int64s, *, kind: Int64s, received_ns: Int64s) -> None:
        lowest = np.where(kind == DEPTH_LEVEL, 0, 1)
        if not (np.all(levels[:, 0] > 0) and np.all(levels[:, 1] >= lowest)):
            raise RecordingRefused(
                f"{self._outline.symbol}: prices must be positive, and only a deleted level has 0 lots"
            )
        if not np.all(received_ns > 0):
            raise RecordingRefused(f"{self._outline.symbol}: times must be positive")


def _require_empty(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise RecordingRefused(f"{folder} is a file, a recording needs a folder")
    if folder.exists() and any(folder.iterdir()):
        raise RecordingRefused(f"{folder} is not empty, a recording is never overwritten")

"""Reading a recording: its markets, and their events row group by row group."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from recordings.columns import BEFORE_FIRST_UPDATE, BID, SCHEMA, SNAPSHOT_LEVEL, TRADE, Chunk, check_chunk
from recordings.errors import RecordingBroken, UnknownSymbol
from recordings.events import BookUpdate, MarketEvent, Trade
from recordings.manifest import RecordedMarket, read_manifest

__all__ = ["RecordedMarket", "Recording"]


class Recording:
    """A folder with a manifest and one file per market; `open` checks it, `events` reads it."""

    def __init__(self, path: Path, *, source_kind: str, markets: Mapping[str, RecordedMarket]) -> None:
        self.path = path
        self.source_kind = source_kind
        self.markets: Mapping[str, RecordedMarket] = MappingProxyType(dict(markets))

    @classmethod
    def open(cls, path: Path) -> Recording:
        """Open a recording and check its manifest and the outline of every market's file.

        Raises: RecordingMissing, RecordingIncomplete, RecordingBroken.
        """
        folder = Path(path)
        manifest = read_manifest(folder)
        for market in manifest.markets.values():
            _open_file(folder, market).close()
        return cls(folder, source_kind=manifest.source_kind, markets=manifest.markets)

    def market(self, symbol: str) -> RecordedMarket:
        """Return what the recording says about a market. Raises: UnknownSymbol naming those it has."""
        found = self.markets.get(symbol)
        if found is None:
            raise UnknownSymbol(f"{self.path} has no {symbol}, it has {', '.join(sorted(self.markets))}")
        return found

    def chunks(self, symbol: str) -> Iterator[Chunk]:
        """Yield a market's rows as arrays, one row group at a time.

        Raises: UnknownSymbol, RecordingBroken.
        """
        market = self.market(symbol)
        with _open_file(self.path, market) as file:
            previous_update, previous_ns = BEFORE_FIRST_UPDATE, 0
            for group in range(file.metadata.num_row_groups):
                where = f"{_file_path(self.path, symbol)} row group {group}"
                chunk = _read_group(file, group, where=where)
                check_chunk(chunk, previous_update=previous_update, previous_ns=previous_ns, where=where)
                previous_update, previous_ns = int(chunk.update[-1]), int(chunk.exchange_ns[-1])
                yield chunk

    def events(self, symbol: str) -> Iterator[MarketEvent]:
        """Yield a market's events in exchange time; of equal times the trades come first.

        Raises: UnknownSymbol, RecordingBroken.
        """
        for chunk in self.chunks(symbol):
            yield from _chunk_events(chunk)

    def merged(self, symbols: Sequence[str]) -> Iterator[tuple[str, MarketEvent]]:
        """Yield the events of several markets in exchange time; of equal times the symbol named first.

        Raises: UnknownSymbol, RecordingBroken.
        """
        for symbol in symbols:
            self.market(symbol)
        streams = [self._ranked_events(symbol, rank) for rank, symbol in enumerate(symbols)]
        for _, rank, event in heapq.merge(*streams, key=_time_and_rank):
            yield symbols[rank], event

    def _ranked_events(self, symbol: str, rank: int) -> Iterator[tuple[int, int, MarketEvent]]:
        for event in self.events(symbol):
            yield event.exchange_ns, rank, event


def _time_and_rank(ranked: tuple[int, int, MarketEvent]) -> tuple[int, int]:
    return ranked[:2]


def _file_path(folder: Path, symbol: str) -> Path:
    return folder / f"{symbol}.parquet"


def _open_file(folder: Path, market: RecordedMarket) -> pq.ParquetFile:
    path = _file_path(folder, market.symbol)
    try:
        file = pq.ParquetFile(path)
    except (OSError, pa.ArrowException) as error:
        raise RecordingBroken(f"{path} cannot be read: {_one_line(error)}") from error
    try:
        _check_outline(file, market, path)
    except RecordingBroken:
        file.close()
        raise
    return file


def _check_outline(file: pq.ParquetFile, market: RecordedMarket, path: Path) -> None:
    found = file.schema_arrow
    for field in SCHEMA:
        if field.name not in found.names:
            raise RecordingBroken(f"{path} has no column {field.name}")
        if found.field(field.name).type != field.type:
            raise RecordingBroken(f"{path}: column {field.name} must be {field.type}")
    if file.metadata.num_rows != market.rows:
        raise RecordingBroken(f"{path} has {file.metadata.num_rows} rows, the manifest says {market.rows}")


def _read_group(file: pq.ParquetFile, group: int, *, where: str) -> Chunk:
    try:
        table = file.read_row_group(group, columns=SCHEMA.names, use_threads=False)
    except (OSError, pa.ArrowException) as error:
        raise RecordingBroken(f"{where} cannot be read: {_one_line(error)}") from error
    columns = [table.column(name) for name in SCHEMA.names]
    if table.num_rows == 0 or any(column.null_count for column in columns):
        raise RecordingBroken(f"{where} is empty or has nulls")
    return Chunk(*(column.to_numpy() for column in columns))


def _chunk_events(chunk: Chunk) -> Iterator[MarketEvent]:
    """Yield the events of one chunk; whole columns become lists at once, which is what makes it quick."""
    bounds = chunk.update_bounds()
    firsts = bounds[:-1]
    bid_counts = np.add.reduceat((chunk.side == BID).astype(np.int64), firsts)
    levels = list(zip(chunk.price_ticks.tolist(), chunk.quantity_lots.tolist(), strict=True))
    rows = zip(
        chunk.exchange_ns[firsts].tolist(),
        chunk.kind[firsts].tolist(),
        firsts.tolist(),
        (firsts + bid_counts).tolist(),
        bounds[1:].tolist(),
        strict=True,
    )
    for exchange_ns, kind, first, first_ask, end in rows:
        if kind == TRADE:
            price_ticks, quantity_lots = levels[first]
            yield Trade(exchange_ns, price_ticks, quantity_lots, first_ask == first)
        else:
            yield BookUpdate(
                exchange_ns,
                kind == SNAPSHOT_LEVEL,
                tuple(levels[first:first_ask]),
                tuple(levels[first_ask:end]),
            )


def _one_line(error: BaseException) -> str:
    return " ".join(str(error).split())

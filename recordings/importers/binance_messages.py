"""Lines of a raw Binance recording: which market a message belongs to, and what it says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import orjson

from recordings.errors import MalformedInput
from recordings.importers.lines import Line, LineReader
from recordings.importers.symbols import perp_symbol, spot_symbol

Message: TypeAlias = Mapping[str, Any]


class Venue(Enum):
    """Binance's three exchanges; their update numbers are chained by different rules."""

    SPOT = "Binance spot"
    USD_MARGINED = "Binance USD-M perpetual"
    COIN_MARGINED = "Binance COIN-M perpetual"


class Sort(Enum):
    """What a line is to an importer; the values count ignored lines in a report."""

    DEPTH = "depthUpdate"
    TRADE = "trade"
    SNAPSHOT = "snapshot"
    BOOK_TICKER = "bookTicker"
    OTHER = "other"


class MarketKey(NamedTuple):
    """A market of Binance."""

    venue: Venue
    pair: str

    @property
    def symbol(self) -> str | None:
        """Return our symbol, None for a pair that has none (a future that is delivered, an unknown quote)."""
        return spot_symbol(self.pair) if self.venue is Venue.SPOT else perp_symbol(self.pair)

    @property
    def title(self) -> str:
        """Return the market in words."""
        return f"{self.venue.value} {self.pair}"


class Entry(NamedTuple):
    """One line: when it came, what it is, the exchange's message, and where it stands."""

    received_ns: int
    sort: Sort
    message: Message
    path: Path
    line_number: int

    def malformed(self, error: Exception) -> MalformedInput:
        """Return the error to raise when the message does not say what it should."""
        what = f"no field {error}" if isinstance(error, KeyError) else " ".join(str(error).split())
        return MalformedInput(f"{self.path} line {self.line_number}: {what}")


class EntryReader:
    """Read a file's lines as entries; a last line that does not parse was cut off and is left out."""

    def __init__(self, path: Path, lines: LineReader) -> None:
        self.path = path
        self._lines = lines
        self.broken_last_lines = 0

    def entries(self) -> Iterator[Entry]:
        """Yield the entries. Raises: MalformedInput naming the line."""
        self.broken_last_lines = 0
        for line in self._lines.lines(self.path):
            try:
                entry = _entry(line, self.path)
            except ValueError as error:
                if not line.is_last:
                    raise MalformedInput(f"{self.path} line {line.number}: {error}") from error
                self.broken_last_lines += 1
                continue
            yield entry


def market_key(entry: Entry) -> MarketKey | None:
    """Return the market that a message names; snapshots of USD-M and spot name none.

    Only futures number the previous update (`pu`), and only COIN-M names the pair (`ps`). A trade of spot says
    whether it was the best match (`M`), one of futures does not.
    Source: Binance's documentation of the three WebSocket market streams.
    """
    message = entry.message
    pair = message.get("s") or message.get("symbol")
    if not isinstance(pair, str):
        return None
    if "ps" in message or "pair" in message or pair.endswith("_PERP"):
        return MarketKey(Venue.COIN_MARGINED, pair)
    is_spot = "pu" not in message if entry.sort is Sort.DEPTH else "M" in message
    return MarketKey(Venue.SPOT if is_spot else Venue.USD_MARGINED, pair)


def _entry(line: Line, path: Path) -> Entry:
    local, _, body = line.text.partition(b" ")
    if not local.isdigit() or int(local) == 0:
        raise ValueError("a line must be `<local ns> <json>`")
    message = orjson.loads(body)
    content = message.get("data", message) if isinstance(message, dict) else None
    if not isinstance(content, dict):
        return Entry(int(local), Sort.OTHER, {}, path, line.number)
    return Entry(int(local), _sort(content, str(message.get("stream", ""))), content, path, line.number)


def _sort(message: Message, stream: str) -> Sort:
    event = message.get("e")
    if event == "depthUpdate":
        return Sort.DEPTH
    if event == "trade":
        return Sort.TRADE
    if event == "bookTicker" or stream.endswith("@bookTicker"):
        return Sort.BOOK_TICKER
    return Sort.SNAPSHOT if "lastUpdateId" in message else Sort.OTHER

"""The first reading of a raw Binance recording: its markets, ticks, steps and REST snapshots."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from recordings.errors import MalformedInput
from recordings.importers.binance_messages import Entry, EntryReader, MarketKey, Message, Sort, market_key
from recordings.importers.grid import GridFinder
from recordings.importers.job import ImportJob
from recordings.importers.report import BROKEN_LAST_LINE

SHAPE_ERRORS = (KeyError, TypeError, ValueError)


@dataclass(slots=True)
class Survey:
    """What there is to know about a market before it is written."""

    prices: GridFinder = field(default_factory=GridFinder)
    quantities: GridFinder = field(default_factory=GridFinder)
    snapshots: list[Entry] = field(default_factory=list)
    covers_from: int | None = None
    last_id: int = -1

    @property
    def has_book(self) -> bool:
        """Return whether there is any update of the book."""
        return self.covers_from is not None

    def fitting_snapshots(self) -> list[Entry]:
        """Return the snapshots that some update can follow; others would be waited for in vain."""
        if self.covers_from is None:
            return []
        numbers = range(self.covers_from, self.last_id)
        return [entry for entry in self.snapshots if entry.message["lastUpdateId"] in numbers]

    def add(self, entry: Entry) -> None:
        """Take one message in. Raises: KeyError, TypeError or ValueError for one of another shape."""
        message = entry.message
        if entry.sort is Sort.TRADE:
            self._add_levels([(message["p"], message["q"])])
        elif entry.sort is Sort.SNAPSHOT:
            whole(message, "lastUpdateId")
            self._add_levels([*message["bids"], *message["asks"]])
            self.snapshots.append(entry)
        else:
            covers_from, last_id = id_range(message)
            self.covers_from = covers_from if self.covers_from is None else min(covers_from, self.covers_from)
            self.last_id = max(last_id, self.last_id)
            self._add_levels([*message["b"], *message["a"]])

    def _add_levels(self, levels: Sequence[Sequence[str]]) -> None:
        self.prices.add([price for price, _ in levels])
        self.quantities.add([quantity for _, quantity in levels])


def survey(job: ImportJob, readers: Iterable[EntryReader]) -> dict[MarketKey, Survey]:
    """Read every file once and return the wanted markets that have a book.

    Counts what belongs to none in `job.ignored`.

    Raises: MalformedInput.
    """
    found: dict[MarketKey, Survey] = {}
    for reader in readers:
        _survey_file(job, reader, found)
    _require_one_market_per_symbol(job, [key for key in found if found[key].has_book])
    return {key: market for key, market in found.items() if market.has_book}


def id_range(message: Message) -> tuple[int, int]:
    """Return after which number an update begins and with which it ends: `pu` or `U - 1`, and `u`."""
    covers_from = whole(message, "pu") if "pu" in message else whole(message, "U") - 1
    return covers_from, whole(message, "u")


def whole(message: Message, name: str) -> int:
    """Return a field that must be a whole number. Raises: KeyError, TypeError."""
    value = message[name]
    if not isinstance(value, int) or value < 0:
        raise TypeError(f"field {name} must be a whole number")
    return value


def _survey_file(job: ImportJob, reader: EntryReader, found: dict[MarketKey, Survey]) -> None:
    nameless: list[Entry] = []
    in_this_file: set[MarketKey] = set()
    for entry in reader.entries():
        if entry.sort in (Sort.BOOK_TICKER, Sort.OTHER):
            job.ignored[entry.sort.value] += 1
            continue
        key = market_key(entry)
        if key is None and entry.sort is not Sort.SNAPSHOT:
            raise entry.malformed(KeyError("s"))
        if key is None:
            nameless.append(entry)
            continue
        in_this_file.add(key)
        if _is_wanted(job, key):
            _add(found.setdefault(key, Survey()), entry)
    if reader.broken_last_lines:
        job.ignored[BROKEN_LAST_LINE] += reader.broken_last_lines
    _add_nameless(job, nameless, in_this_file, found)


def _add_nameless(
    job: ImportJob, snapshots: Sequence[Entry], markets: set[MarketKey], found: Mapping[MarketKey, Survey]
) -> None:
    """Give the snapshots of USD-M and spot, which name no market, to the only market of their file."""
    owner = next(iter(markets)) if len(markets) == 1 else None
    for entry in snapshots:
        if owner is None:
            job.ignored["message_without_market"] += 1
        elif owner in found:
            _add(found[owner], entry)


def _is_wanted(job: ImportJob, key: MarketKey) -> bool:
    symbol = key.symbol
    return symbol is not None and job.wants(symbol)


def _add(market: Survey, entry: Entry) -> None:
    try:
        market.add(entry)
    except SHAPE_ERRORS as error:
        raise entry.malformed(error) from error


def _require_one_market_per_symbol(job: ImportJob, keys: Sequence[MarketKey]) -> None:
    by_symbol: dict[str | None, MarketKey] = {}
    for key in keys:
        other = by_symbol.setdefault(key.symbol, key)
        if other != key:
            raise MalformedInput(
                f"{job.path} has {key.symbol} twice, as {other.title} and as {key.title}: import their files apart"
            )

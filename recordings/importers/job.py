"""One import while it runs: where it reads and writes, what it wants, and what it counts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path

from recordings.importers.lines import Progress
from recordings.importers.report import MarketReport
from recordings.manifest import STARTS_WITH_SNAPSHOT
from recordings.writer import MarketWriter, RecordingWriter


def names_of(symbol: str) -> frozenset[str]:
    """Return the words that a person may ask for a market with: BTC_USDC_PERP and BTC."""
    return frozenset({symbol, symbol.partition("_")[0]})


@dataclass(slots=True, kw_only=True)
class ImportJob:
    """What an importer gets, and where it leaves its counts.

    `wanted` holds our symbols or their base (BTC), empty means all; `found` collects those that the source has.
    """

    path: Path
    writer: RecordingWriter
    wanted: frozenset[str]
    progress: Progress
    ignored: Counter[str]
    found: set[str] = field(default_factory=set)
    reports: dict[str, MarketReport] = field(default_factory=dict)

    def wants(self, symbol: str) -> bool:
        """Return whether a market is to be imported, and remember that the source has it."""
        self.found.add(symbol)
        return not self.wanted or bool(names_of(symbol) & self.wanted)

    def wanted_but_not_in(self, symbols: Iterable[str]) -> list[str]:
        """Return what was asked for and is not among these symbols."""
        named: set[str] = set()
        for symbol in symbols:
            named |= names_of(symbol)
        return sorted(self.wanted - named)

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
    ) -> tuple[MarketWriter, MarketReport]:
        """Add a market to the recording and to the report. Raises: RecordingRefused."""
        market = self.writer.add_market(
            symbol,
            tick_size=tick_size,
            step_size=step_size,
            depth=depth,
            source=source,
            starts=starts,
            notes=notes,
        )
        report = MarketReport(symbol=symbol, source=source, tick_size=tick_size, step_size=step_size, starts=starts)
        self.reports[symbol] = report
        return market, report

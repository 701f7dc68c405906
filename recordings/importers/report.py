"""What an import kept and dropped, and why."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

BROKEN_LAST_LINE = "broken_last_line"


@dataclass(slots=True)
class Tally:
    """Counts of one sort of record; always `seen == kept + sum(dropped)`."""

    kept: int = 0
    dropped: Counter[str] = field(default_factory=Counter)

    @property
    def seen(self) -> int:
        """Return how many records there were."""
        return self.kept + self.dropped.total()

    def drop(self, reason: str) -> None:
        """Count a record that is not kept."""
        self.dropped[reason] += 1

    def to_json(self) -> dict[str, object]:
        """Return the counts for a report."""
        return {"seen": self.seen, "kept": self.kept, "dropped": dict(sorted(self.dropped.items()))}


@dataclass(slots=True, kw_only=True)
class MarketReport:
    """One market of an import; filled while it runs.

    `noticed` counts what was kept although it is odd, and what was done about it.
    """

    symbol: str
    source: str
    tick_size: Decimal
    step_size: Decimal
    starts: str
    book: Tally = field(default_factory=Tally)
    trades: Tally = field(default_factory=Tally)
    noticed: Counter[str] = field(default_factory=Counter)

    def notice(self, what: str, times: int = 1) -> None:
        """Count what is kept although it is odd."""
        if times:
            self.noticed[what] += times

    def to_json(self) -> dict[str, object]:
        """Return the market's part of the report."""
        return {
            "source": self.source,
            "tick_size": format(self.tick_size, "f"),
            "step_size": format(self.step_size, "f"),
            "starts": self.starts,
            "book": self.book.to_json(),
            "trades": self.trades.to_json(),
            "noticed": dict(sorted(self.noticed.items())),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ImportReport:
    """What became of a foreign recording; `ignored` counts lines of no market's book or trades."""

    kind: str
    path: str
    out: str
    markets: Sequence[MarketReport]
    ignored: Mapping[str, int]

    def to_json(self) -> dict[str, object]:
        """Return the report as values that JSON knows."""
        return {
            "kind": self.kind,
            "path": self.path,
            "out": self.out,
            "markets": {market.symbol: market.to_json() for market in self.markets},
            "ignored": dict(sorted(self.ignored.items())),
        }

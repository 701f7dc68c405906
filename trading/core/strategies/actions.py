"""What every strategy reads and what it may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from trading.core.book import BookView
from trading.core.units import Side


class MarketView(NamedTuple):
    """A market at the moment of a decision.

    Units: book in ticks and lots; times in microseconds of the exchange's clock; age in milliseconds of market
    time.
    """

    book: BookView
    book_is_proven: bool  # unbroken chain, neither crossed nor locked
    book_is_live: bool  # from the stream, not polled
    age_ms: float
    max_age_ms: float
    now_us: int


class RestingEntry(NamedTuple):
    """An entry that rests in the book."""

    order_id: int
    side: Side
    price_ticks: int
    placed_us: int


class OpenPosition(NamedTuple):
    """A position as the rows know it. Units: lots and ticks; times in microseconds of the exchange's clock."""

    position_id: int
    side: Side
    lots: int
    entry_ticks: float
    opened_us: int
    is_exiting: bool
    take_profit_lots: int  # resting or on their way
    mark_beyond_stop_since_us: int | None


class BotView(NamedTuple):
    """What a bot has at the exchange, or may have."""

    entry: RestingEntry | None
    entry_in_flight: bool  # an entry has been sent and its outcome is not known yet
    position: OpenPosition | None
    order_lots: int | None  # None: the quantity asked for is below the market's minimum
    entries_allowed: bool
    last_closed_us: int | None
    last_entry_us: int | None
    entry_rejections: int  # post-only rejections in a row


class PlaceEntry(NamedTuple):
    """Send a post-only entry with its stop inside."""

    side: Side
    price_ticks: int
    lots: int
    stop_ticks: int


class CancelEntry(NamedTuple):
    """Cancel a resting entry."""

    order_id: int


class PlaceTakeProfit(NamedTuple):
    """Send a post-only, reduce-only order in favour of the position."""

    position_id: int
    side: Side
    price_ticks: int
    lots: int


class ExitPosition(NamedTuple):
    """Close a position at market, reduce-only."""

    position_id: int
    reason: str


Action = PlaceEntry | CancelEntry | PlaceTakeProfit | ExitPosition


@dataclass(frozen=True, slots=True)
class Verdict:
    """A decision: what to do, whether an entry was approved, and why.

    `approved` is None when no entry was in question (a position is being managed).
    """

    approved: bool | None
    reason: str
    obi: float | None
    actions: tuple[Action, ...] = ()

"""Mark and index prices: the mid of the book once a second of market time, each step capped by the market's filter."""

from __future__ import annotations

from sandbox.engine.venue import Market, Venue

INTERVAL_US = 1_000_000
_MOST_MISSED_UPDATES = 60


def next_update_us(due_us: int, *, to_us: int) -> int:
    """Return the next update's time; a long jump of time makes up the last minute only."""
    return max(due_us, to_us - to_us % INTERVAL_US - _MOST_MISSED_UPDATES * INTERVAL_US)


def update(venue: Venue, market: Market) -> bool:
    """Set mark and index from the book and publish them; return False while a side is empty."""
    mid_half_ticks = market.book.mid_half_ticks()
    if mid_half_ticks is None:
        return False
    market.mark_ticks = _capped(market, market.mark_ticks, mid_half_ticks // 2)
    market.index_half_ticks = _capped(market, market.index_half_ticks, mid_half_ticks)
    venue.listener.on_mark(market)
    return True


def _capped(market: Market, before: int | None, wanted: int) -> int:
    if before is None:
        return wanted
    most, least = market.spec.rules.update
    highest = max(before + 1, int(before * float(most)))
    lowest = min(before - 1, -int(-before * float(least)))
    return min(max(wanted, lowest), highest)

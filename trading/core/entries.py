"""Entries: the price at which a maker joins or improves the book, and the stop that travels with it."""

from __future__ import annotations

from trading.core.errors import BrokenBook
from trading.core.units import Side

WIDE_SPREAD_TICKS = 2


def entry_price(side: Side, *, best_bid: int, best_ask: int) -> int:
    """Return the price of a post-only entry.

    One tick better than the best price of its own side when the spread is wider than two ticks, else at the
    best price; it never reaches the other side.

    Units:  ticks.
    Raises: BrokenBook when the book is crossed or locked.
    """
    spread = best_ask - best_bid
    if spread <= 0:
        raise BrokenBook(f"bid {best_bid} and ask {best_ask} are crossed or locked")
    better = 1 if spread > WIDE_SPREAD_TICKS else 0
    return best_bid + better if side is Side.BID else best_ask - better


def away_from(side: Side, price_ticks: int, distance_bps: float) -> int:
    """Return the price a distance below an entry bid, or above an entry ask: where its stop goes.

    Rounded towards the entry, so that the loss is never larger than asked for; at least one tick away.

    Units: ticks; distance in hundredths of a percent of the price.
    """
    distance = max(1, int(price_ticks * distance_bps / 10_000))
    return price_ticks - side.sign * distance


def beyond(side: Side, price_ticks: int, distance_bps: float) -> int:
    """Return the price a distance in favour of a position: where its take-profit goes.

    Rounded away from the entry, so that the gain is never smaller than asked for; at least one tick away.

    Units: ticks; distance in hundredths of a percent of the price.
    """
    exact = price_ticks * distance_bps / 10_000
    distance = max(1, int(exact) + (exact > int(exact)))
    return price_ticks + side.sign * distance

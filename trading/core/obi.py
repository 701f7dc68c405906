"""Order book imbalance: how far resting volume leans towards one side."""

from __future__ import annotations

from trading.core.book import BookView, Levels
from trading.core.errors import EmptyBook

DEFAULT_DEPTH = 20
"""Levels per side that enter the imbalance unless a market says otherwise."""


def order_book_imbalance(bid_volume: int, ask_volume: int) -> float:
    """Return how far resting volume leans towards the bids.

    ``(B - A) / (B + A)`` over the volumes of the two sides, in lots.

    Units:  dimensionless, -1 (asks only) to +1 (bids only).
    Raises: EmptyBook if neither side has volume; 0.0 therefore always means "balanced".
    Source: Gould & Bonart 2016, arXiv:1512.03492, for one level; summing several levels is ours (ADR 4).
    """
    total = bid_volume + ask_volume
    if total <= 0:
        raise EmptyBook("neither side has volume, the imbalance is undefined")
    return (bid_volume - ask_volume) / total


def book_imbalance(view: BookView, depth: int = DEFAULT_DEPTH) -> float:
    """Return the imbalance of the best ``depth`` levels of each side.

    A side with fewer levels counts with those it has.

    Units:  dimensionless, -1 to +1.
    Raises: EmptyBook if neither side has volume.
    Source: see `order_book_imbalance`.
    """
    return order_book_imbalance(levels_volume(view.bids, depth), levels_volume(view.asks, depth))


def levels_volume(levels: Levels, depth: int) -> int:
    """Return the lots on the best ``depth`` levels: the sum of quantities, never of prices."""
    if depth < 1:
        raise ValueError(f"depth must be at least 1, got {depth}")
    return sum([lots for _, lots in levels[:depth]])

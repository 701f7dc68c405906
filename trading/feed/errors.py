"""Errors of the feed.

FeedError
└── LeaseLost          another feed serves the symbol, or the lease ran out: stop publishing
"""

from __future__ import annotations


class FeedError(Exception):
    """Base of everything that goes wrong between the streams and the board."""


class LeaseLost(FeedError):
    """This feed no longer holds the symbol's lease; the caller stops publishing at once."""

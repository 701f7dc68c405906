"""Errors of the core.

CoreError
├── EmptyBook          a side (or both) has no volume: the figure is undefined, veto
├── BrokenBook         the book is crossed, locked or gapped: do not decide on it
├── OffGrid            a price or quantity is no multiple of the market's tick or step
├── TooSmall           a quantity rounds below the market's minimum
└── ImpossibleMove     an event that the state table does not know in this state
"""

from __future__ import annotations


class CoreError(Exception):
    """Base of everything that the core refuses."""


class EmptyBook(CoreError):
    """A side, or both, has no volume, so the figure is undefined; the caller vetoes."""


class BrokenBook(CoreError):
    """The book is crossed, locked or gapped; the caller must not decide on it."""


class OffGrid(CoreError):
    """A price or quantity is not a multiple of the market's tick or step."""


class TooSmall(CoreError):
    """A quantity rounds down below the market's minimum; the caller trades nothing."""


class ImpossibleMove(CoreError):
    """The state table has no entry for this event in this state; the caller asks the exchange."""

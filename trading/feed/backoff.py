"""Backoff: how long to wait before the next try."""

from __future__ import annotations

from collections.abc import Callable


class Backoff:
    """Pauses that double up to a cap, each drawn between its half and its whole.

    ``random`` returns numbers in [0, 1); it spreads out feeds that lost the same exchange at the same moment.
    """

    def __init__(self, *, first_ms: int, cap_ms: int, random: Callable[[], float]) -> None:
        self._first_ms = first_ms
        self._cap_ms = cap_ms
        self._random = random
        self._tries = 0

    def next_ms(self) -> float:
        """Return the pause after one more failure."""
        whole_ms = min(self._cap_ms, self._first_ms << min(self._tries, 30))
        self._tries += 1
        return whole_ms * (0.5 + 0.5 * self._random())

    def reset(self) -> None:
        """Begin anew: it worked."""
        self._tries = 0

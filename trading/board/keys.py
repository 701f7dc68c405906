"""Names of the feed's keys in Redis."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Keys:
    """Build the names of keys under one prefix.

    The symbol stands in literal braces, Redis Cluster's hash tag, so that all keys of a symbol share a slot
    and one script or MGET may touch them together.
    """

    prefix: str = "obiwork"

    def book(self, symbol: str) -> str:
        """Return the key of the newest snapshot (binary)."""
        return f"{self.prefix}:book:{{{symbol}}}"

    def alive(self, symbol: str) -> str:
        """Return the key of the receive time of the last frame on the book's connection (decimal ns)."""
        return f"{self.prefix}:alive:{{{symbol}}}"

    def mark(self, symbol: str) -> str:
        """Return the key of the newest mark price (text)."""
        return f"{self.prefix}:mark:{{{symbol}}}"

    def pending(self, symbol: str, shard: int) -> str:
        """Return the key of the mark that says "an evaluation is on its way" (decimal ns)."""
        return f"{self.prefix}:pending:{{{symbol}}}:{shard}"

    def lease(self, symbol: str) -> str:
        """Return the key of the lease that exactly one feed holds."""
        return f"{self.prefix}:feed:{{{symbol}}}"

    def epoch(self, symbol: str) -> str:
        """Return the key of the last fencing token given out."""
        return f"{self.prefix}:epoch:{{{symbol}}}"

    def stats(self, symbol: str) -> str:
        """Return the key of the feed's counters (JSON)."""
        return f"{self.prefix}:feedstats:{{{symbol}}}"


DEFAULT_KEYS = Keys()

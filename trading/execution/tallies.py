"""Tallies: evaluations and verdicts counted in memory and written about once a second."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from django.db import connection, transaction

from trading.models import Bot

FLUSH_EVERY_NS = 1_000_000_000  # a process that is killed loses at most this much of the counts

_ADD_VERDICTS = """
INSERT INTO trading_decisiontally (customer_id, bot_id, approved, reason, count)
SELECT * FROM unnest(%s::bigint[], %s::bigint[], %s::boolean[], %s::text[], %s::bigint[])
ON CONFLICT (bot_id, approved, reason) DO UPDATE SET count = trading_decisiontally.count + excluded.count
"""
_ADD_EVALUATIONS = """
INSERT INTO trading_evaluationtally (market_id, shard, count)
SELECT m.id, e.shard, e.count FROM unnest(%s::text[], %s::int[], %s::bigint[]) AS e(symbol, shard, count)
JOIN trading_market m USING (symbol)
ON CONFLICT (market_id, shard) DO UPDATE SET count = trading_evaluationtally.count + excluded.count
"""


class VerdictKey(NamedTuple):
    """What a tally counts."""

    customer_id: int
    bot_id: int
    approved: bool | None
    reason: str


class Tallies:
    """Counts of one process since the last flush."""

    def __init__(self) -> None:
        self._verdicts: Counter[VerdictKey] = Counter()
        self._evaluations: Counter[tuple[str, int]] = Counter()
        self._flushed_ns = 0

    def evaluated(self, symbol: str, shard: int) -> None:
        """Count one evaluation of a market."""
        self._evaluations[symbol, shard] += 1

    def decided(self, bot: Bot, *, approved: bool | None, reason: str) -> None:
        """Count one verdict of a bot."""
        self._verdicts[VerdictKey(bot.customer_id, bot.pk, approved, reason)] += 1

    def flush_if_due(self, now_ns: int) -> None:
        """Write the counts when the last time was long enough ago."""
        if now_ns - self._flushed_ns >= FLUSH_EVERY_NS:
            self.flush()
            self._flushed_ns = now_ns

    def flush(self) -> None:
        """Write the counts and start again from nothing."""
        with transaction.atomic(), connection.cursor() as cursor:
            if self._verdicts:
                columns = zip(*((*key, count) for key, count in sorted(self._verdicts.items(), key=str)), strict=True)
                cursor.execute(_ADD_VERDICTS, [list(column) for column in columns])
            if self._evaluations:
                rows = [(symbol, shard, count) for (symbol, shard), count in sorted(self._evaluations.items())]
                cursor.execute(_ADD_EVALUATIONS, [list(column) for column in zip(*rows, strict=True)])
        self._verdicts.clear()
        self._evaluations.clear()

"""Summary of a demo: our rows' figures, completed and checked by the local exchange's own ledger."""

from __future__ import annotations

from typing import Any

import orjson
from redis import Redis

from trading.board.keys import Keys
from trading.models import Market
from trading.selectors import Run, run_summary


def summary_of(run: Run, *, seconds: float, ledger: dict[str, Any], redis: Redis, keys: Keys) -> dict[str, Any]:
    """Return the summary of the command contract, with what only the exchange can know."""
    summary = run_summary(run, seconds=seconds)
    seen = ledger["counts"]
    summary["market_events"] = _market_events(redis, keys)
    summary["orders"]["duplicates"] = max(summary["orders"]["duplicates"], seen["duplicates"])
    for count in ("self_trades", "cross_tenant_entry_trades", "cross_tenant_exit_trades"):
        summary[count] = seen[count]
    summary["exchange"] = {"orders": seen["orders"], "fills": seen["fills"], "positions_open": seen["positions_open"]}
    return summary


def _market_events(redis: Redis, keys: Keys) -> int | None:
    """Return how many updates the feed has applied; None when it has not said so."""
    raw = redis.mget([keys.stats(symbol) for symbol in Market.objects.values_list("symbol", flat=True)])
    counts = [orjson.loads(stats)["updates"] for stats in raw if stats is not None]
    return sum(counts) if counts else None

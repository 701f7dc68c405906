"""Markets: the exchange's grids as rows."""

from __future__ import annotations

from collections.abc import Collection

from trading.exchange.ports import MarketReader
from trading.models import Market


def sync_markets(exchange: MarketReader, *, symbols: Collection[str] = ()) -> list[str]:
    """Store tick, step and minimum of the given markets (default: every perpetual); return their symbols.

    What is ours (the age limit of the book, whether the market is traded) stays as it is.
    """
    stored = []
    for info in exchange.markets():
        wanted = info.symbol in symbols if symbols else info.market_type == "PERP"
        if not wanted:
            continue
        Market.objects.update_or_create(
            symbol=info.symbol,
            defaults={
                "tick_size": info.grid.tick_size,
                "step_size": info.grid.step_size,
                "min_quantity": info.grid.min_quantity,
            },
        )
        stored.append(info.symbol)
    return sorted(stored)

"""Values that several tests of the feed build."""

from __future__ import annotations

from decimal import Decimal

from trading.board.state import Flaw, Mark, Snapshot, Source

SYMBOL = "SOL_USDC_PERP"


def snapshot(
    *,
    symbol: str = SYMBOL,
    sequence: int = 7,
    epoch: int = 1,
    source: Source = Source.STREAM,
    flaw: Flaw = Flaw.NONE,
    received_ns: int = 1_000,
) -> Snapshot:
    """Return a snapshot of a small book."""
    return Snapshot(
        symbol=symbol,
        sequence=sequence,
        epoch=epoch,
        exchange_us=900,
        received_ns=received_ns,
        source=source,
        flaw=flaw,
        bids=((100, 2), (99, 3)),
        asks=((101, 4), (102, 1), (103, 9)),
    )


def mark(*, price_ticks: str = "100.5", received_ns: int = 1_000) -> Mark:
    """Return a mark price between two ticks."""
    return Mark(
        price_ticks=Decimal(price_ticks),
        index_ticks=Decimal("100.25"),
        funding_rate=Decimal("-0.0000117704808946259223127855"),
        next_funding_ms=1_788_368_400_000,
        exchange_us=900,
        received_ns=received_ns,
    )

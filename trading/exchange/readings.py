"""Readings: what an exchange shows of its markets and of an account, as exact values.

Prices and quantities are Decimals; times carry their unit in the name. What an exchange does not say is None,
never a zero.
"""

from __future__ import annotations

from decimal import Decimal
from typing import NamedTuple

from trading.core.units import MarketGrid, Side


class DepthSnapshot(NamedTuple):
    """A book as REST gives it: both sides best first, levels (price, quantity).

    Units: engine_us is the exchange's time.
    """

    symbol: str
    last_update_id: int
    bids: tuple[tuple[Decimal, Decimal], ...]
    asks: tuple[tuple[Decimal, Decimal], ...]
    engine_us: int

    def on_grid(self, grid: MarketGrid) -> GridDepth:
        """Return the sides in ticks and lots. Raises: OffGrid."""
        return GridDepth(
            bids=tuple((grid.ticks(price), grid.lots(quantity)) for price, quantity in self.bids),
            asks=tuple((grid.ticks(price), grid.lots(quantity)) for price, quantity in self.asks),
        )


class GridDepth(NamedTuple):
    """Two sides of a book, best first, levels (price_ticks, quantity_lots)."""

    bids: tuple[tuple[int, int], ...]
    asks: tuple[tuple[int, int], ...]


class MarkPrice(NamedTuple):
    """Mark and index price of a market; the funding fields are None for markets without funding."""

    symbol: str
    mark_price: Decimal
    index_price: Decimal | None
    funding_rate: Decimal | None
    next_funding_ms: int | None


class MarginFunction(NamedTuple):
    """Margin share of a position: max(base, factor * sqrt(notional))."""

    base: Decimal
    factor: Decimal


class MarketInfo(NamedTuple):
    """A market and what it allows.

    Multipliers are factors to the last price (`min_multiplier`, `max_multiplier`) or to the mean mark price
    (`mark_band`, low and high). A market whose `order_book_state` is not `Open` does not simply trade.
    """

    symbol: str
    base_symbol: str
    quote_symbol: str
    market_type: str
    order_book_state: str
    grid: MarketGrid
    max_quantity: Decimal | None
    min_multiplier: Decimal | None
    max_multiplier: Decimal | None
    mark_band: tuple[Decimal, Decimal] | None
    funding_interval_ms: int | None
    initial_margin: MarginFunction | None
    maintenance_margin: MarginFunction | None

    @property
    def is_open(self) -> bool:
        """Return whether the book takes every kind of order; a state that we do not know is not open."""
        return self.order_book_state == "Open"


class PositionInfo(NamedTuple):
    """An open position as REST reports it.

    Units: net_quantity and net_cost are signed (long +); exposure_* are absolute and count open orders.
    """

    symbol: str
    position_id: str
    net_quantity: Decimal
    net_cost: Decimal
    entry_price: Decimal
    break_even_price: Decimal
    mark_price: Decimal
    exposure_quantity: Decimal
    exposure_notional: Decimal
    pnl_unrealized: Decimal
    pnl_realized: Decimal
    cumulative_funding: Decimal
    liquidation_price: Decimal | None


class FillInfo(NamedTuple):
    """One execution. `fee` is None where the message does not carry it; a rebate is negative.

    Units: filled_at_us is the exchange's time (REST gives it to the millisecond).
    """

    symbol: str
    exchange_id: str
    client_id: int | None
    trade_id: int | None
    side: Side
    price: Decimal
    quantity: Decimal
    fee: Decimal | None
    fee_asset: str | None
    is_maker: bool
    filled_at_us: int


class AssetBalance(NamedTuple):
    """What an account holds of one asset, lent amounts not counted."""

    available: Decimal
    locked: Decimal
    staked: Decimal


class Collateral(NamedTuple):
    """Margin summary of an account, in USD; margin_fraction is None without a position."""

    net_equity: Decimal
    net_equity_available: Decimal
    net_equity_locked: Decimal
    net_exposure_futures: Decimal
    assets_value: Decimal
    liabilities_value: Decimal
    pnl_unrealized: Decimal
    unsettled_equity: Decimal
    initial_margin_ratio: Decimal
    maintenance_margin_ratio: Decimal
    margin_fraction: Decimal | None


class AccountInfo(NamedTuple):
    """Settings and limits of an account. Units: fees in basis points, a rebate is negative."""

    leverage_limit: Decimal
    futures_maker_fee_bps: Decimal
    futures_taker_fee_bps: Decimal
    limit_orders: int
    trigger_orders: int
    is_liquidating: bool

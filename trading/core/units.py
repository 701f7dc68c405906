"""Units: sides, and the grid of ticks and lots on which a market trades."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_DOWN, ROUND_FLOOR, Decimal
from enum import Enum

from trading.core.errors import OffGrid, TooSmall


class Side(Enum):
    """Side of an order; the values are the exchange's words."""

    BID = "Bid"
    ASK = "Ask"

    @property
    def opposite(self) -> Side:
        """Return the side that reduces what this side has built."""
        return Side.ASK if self is Side.BID else Side.BID

    @property
    def sign(self) -> int:
        """Return +1 for a bid (long), -1 for an ask (short)."""
        return 1 if self is Side.BID else -1


@dataclass(frozen=True, slots=True)
class MarketGrid:
    """Tick size, step size and minimum quantity of one market.

    Units: tick_size in quote per base, step_size and min_quantity in base.
    """

    tick_size: Decimal
    step_size: Decimal
    min_quantity: Decimal

    def __post_init__(self) -> None:
        if self.tick_size <= 0 or self.step_size <= 0 or self.min_quantity <= 0:
            raise OffGrid(f"tick, step and minimum must be positive, got {self}")

    def ticks(self, price: Decimal) -> int:
        """Return a price in ticks. Raises: OffGrid when it lies between two ticks."""
        return _exact_multiple(price, self.tick_size)

    def lots(self, quantity: Decimal) -> int:
        """Return a quantity in lots. Raises: OffGrid when it lies between two steps."""
        return _exact_multiple(quantity, self.step_size)

    def price(self, ticks: int) -> Decimal:
        """Return the price of a number of ticks."""
        return ticks * self.tick_size

    def quantity(self, lots: int) -> Decimal:
        """Return the quantity of a number of lots."""
        return lots * self.step_size

    def floor_ticks(self, price: Decimal) -> int:
        """Return the highest tick at or below a price (stops of longs, bids)."""
        return int((price / self.tick_size).to_integral_value(ROUND_FLOOR))

    def ceil_ticks(self, price: Decimal) -> int:
        """Return the lowest tick at or above a price (stops of shorts, asks)."""
        return -int((-price / self.tick_size).to_integral_value(ROUND_FLOOR))

    def tradable_lots(self, quantity: Decimal) -> int:
        """Return the lots that fit into a quantity, rounded away from risk (down).

        Raises: TooSmall when less than the market's minimum is left.
        """
        lots = int((quantity / self.step_size).to_integral_value(ROUND_DOWN))
        if lots * self.step_size < self.min_quantity:
            raise TooSmall(f"{quantity} is below the minimum of {self.min_quantity}")
        return lots


def _exact_multiple(value: Decimal, unit: Decimal) -> int:
    count = value / unit
    whole = int(count)
    if whole != count:
        raise OffGrid(f"{value} is not a multiple of {unit}")
    return whole

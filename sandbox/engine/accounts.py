"""Accounts: balances, positions, live orders and history."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING

from sandbox.engine.events import Fill
from sandbox.engine.fees import FeeSchedule
from sandbox.engine.orders import Order, Side
from sandbox.engine.positions import Position

if TYPE_CHECKING:
    from sandbox.engine.venue import Market


@dataclass(slots=True, eq=False)
class Account:
    """One account. Balances are units of money per asset; `live` holds resting and waiting orders by id."""

    name: str
    user_id: int
    balances: dict[str, int]
    leverage_limit: Decimal
    fees: FeeSchedule = field(default_factory=FeeSchedule)
    positions: dict[str, Position] = field(default_factory=dict)
    live: dict[int, Order] = field(default_factory=dict)
    orders: dict[int, Order] = field(default_factory=dict)
    fills: list[Fill] = field(default_factory=list)
    closed_positions: list[Position] = field(default_factory=list)
    auto_lend: bool = False
    auto_borrow_settlements: bool = False
    auto_repay_borrows: bool = False

    def position_lots(self, market: Market) -> int:
        """Return the signed lots of the position in a market, 0 when flat."""
        position = self.positions.get(market.spec.symbol)
        return position.lots if position else 0

    def live_in(self, market: Market) -> Iterator[Order]:
        """Yield the resting and waiting orders of a market, oldest first."""
        return (order for order in self.live.values() if order.market is market)

    def resting_lots(self, market: Market, side: Side) -> int:
        """Return what rests on a side, reduce-only orders not counted: they cannot add exposure."""
        return sum(
            order.remaining
            for order in self.live_in(market)
            if order.side is side and order.lots and not order.reduce_only
        )

    def exposure_lots(self, market: Market) -> int:
        """Return the worst absolute position that the resting orders can lead to."""
        held = self.position_lots(market)
        return max(
            abs(held),
            abs(held + self.resting_lots(market, Side.BID)),
            abs(held - self.resting_lots(market, Side.ASK)),
        )

    def locked(self, asset: str) -> int:
        """Return what resting spot orders hold of an asset, in money."""
        total = 0
        for order in self.live.values():
            spec = order.market.spec
            if spec.is_perp or not order.lots:
                continue
            if order.side is Side.BID and spec.quote == asset:
                total += spec.value(order.price_ticks, order.remaining)
            elif order.side is Side.ASK and spec.base == asset:
                total += order.remaining * spec.lot_money
        return total

    def available(self, asset: str) -> int:
        """Return what of an asset no resting spot order holds, in money."""
        return self.balances.get(asset, 0) - self.locked(asset)

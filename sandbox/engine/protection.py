"""How much of a position the waiting stops cover."""

from __future__ import annotations

from sandbox.engine.accounts import Account
from sandbox.engine.orders import Order, Status
from sandbox.engine.venue import Market, Venue


def update(venue: Venue, account: Account, market: Market) -> None:
    """Note what the account's stops cover of its position in a market from now on."""
    position = account.positions.get(market.spec.symbol)
    if position is None:
        return
    held = abs(position.lots)
    covered = sum(_lots(order, held) for order in account.live_in(market) if protects(order, position.lots))
    position.cover(covered, now_us=venue.now_us)


def protects(order: Order, position_lots: int) -> bool:
    """Return whether a waiting order closes a position when the price moves against it.

    A stop that was placed after the price had passed it waits for the other direction, and protects nothing.
    """
    return (
        order.status is Status.TRIGGER_PENDING
        and order.reduce_only
        and order.side.sign * position_lots < 0
        and order.fires_rising == (position_lots < 0)
    )


def _lots(order: Order, held: int) -> int:
    assert order.trigger_quantity is not None
    return order.trigger_quantity.resolve(held)

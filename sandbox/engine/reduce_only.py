"""Reduce-only orders follow the position: they shrink with it, and end with it."""

from __future__ import annotations

from sandbox.engine import endings
from sandbox.engine.accounts import Account
from sandbox.engine.events import OrderEvent
from sandbox.engine.orders import Expiry, Order, Side, Status
from sandbox.engine.venue import Market, Venue


def reducible_lots(account: Account, market: Market, sign: int) -> int:
    """Return how much an order of a direction (+1 buys) can take off the position."""
    return max(0, -sign * account.position_lots(market))


def adjust(venue: Venue, account: Account, market: Market) -> None:
    """Shrink or end resting orders that could turn the position round now that it has changed."""
    for order in [order for order in account.live_in(market) if order.reduce_only]:
        if order.status is not Status.TRIGGER_PENDING:
            _shrink(venue, order, reducible_lots(account, market, order.side.sign))


def end_stops(venue: Venue, account: Account, market: Market, side: Side) -> None:
    """End the waiting stops of a position that an order of the same side as theirs has just closed."""
    for order in [order for order in account.live_in(market) if order.reduce_only and order.side is side]:
        if order.status is Status.TRIGGER_PENDING:
            endings.expire(venue, order, Expiry.STOP_WITHOUT_POSITION)


def _shrink(venue: Venue, order: Order, most: int) -> None:
    if order.remaining <= most:
        return
    if most == 0:
        endings.expire(venue, order, Expiry.REDUCE_ONLY)
        return
    order.lots = order.filled + most
    order.market.book.sides[order.side].note_change(order.price_ticks)
    venue.listener.on_order(OrderEvent.MODIFIED, order, None)

"""How a live order ends without a fill: cancelled by its owner, expired, or failed when its trigger fired."""

from __future__ import annotations

from sandbox.engine import protection
from sandbox.engine.events import OrderEvent
from sandbox.engine.orders import Expiry, Order, Status
from sandbox.engine.venue import Venue


def cancel(venue: Venue, order: Order) -> None:
    """End a live order because its owner asked for it."""
    _end(venue, order, Status.CANCELLED, OrderEvent.CANCELLED)


def expire(venue: Venue, order: Order, reason: Expiry) -> None:
    """End an order by itself: it rests, waits for a trigger, or is the remainder of one that has just traded."""
    order.expiry = reason
    _end(venue, order, Status.EXPIRED, OrderEvent.EXPIRED)


def fail_trigger(venue: Venue, order: Order, reason: Expiry) -> None:
    """End a trigger whose order could not be placed."""
    order.expiry = reason
    _end(venue, order, Status.TRIGGER_FAILED, OrderEvent.TRIGGER_FAILED)


def stop_waiting(order: Order) -> None:
    """Take a waiting trigger out of its index, whatever becomes of it."""
    order.market.triggers.remove(order)
    del order.account.live[order.id]


def _end(venue: Venue, order: Order, status: Status, event: OrderEvent) -> None:
    was_waiting = order.status is Status.TRIGGER_PENDING
    if order.id in order.account.live:
        if was_waiting:
            stop_waiting(order)
        else:
            order.market.book.sides[order.side].remove(order)
            del order.account.live[order.id]
    order.status = status
    order.ended_us = venue.now_us
    venue.listener.on_order(event, order, None)
    if was_waiting:
        protection.update(venue, order.account, order.market)
    elif not order.market.spec.is_perp:
        spec = order.market.spec
        venue.listener.on_balance(order.account, spec.quote if order.side.sign > 0 else spec.base)

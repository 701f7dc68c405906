"""Orders that wait for a price: placing them and deciding which are due.

The direction is fixed when the order is placed, by where the reference price stands then: a trigger above it waits
for a rise, one below it for a fall. A stop placed after the price has passed it therefore waits for the wrong side.
"""

from __future__ import annotations

from sandbox.engine import endings, protection
from sandbox.engine.accounts import Account
from sandbox.engine.events import OrderEvent
from sandbox.engine.orders import Expiry, Order, OrderRequest, Reference, Role, Side, Status
from sandbox.engine.venue import Market, Venue


def place(venue: Venue, account: Account, market: Market, request: OrderRequest) -> Order:
    """Let an order wait for its price; too many stops on a position make it fail at once."""
    order = Order(
        id=venue.order_id(),
        account=account,
        market=market,
        request=request,
        role=Role.STOP,
        created_us=venue.now_us,
        status=Status.TRIGGER_PENDING,
        lots=0,
    )
    account.orders[order.id] = order
    if too_many_stops(venue, account, market, request):
        endings.fail_trigger(venue, order, Expiry.MAX_STOP_ORDERS)
        return order
    order.fires_rising = _waits_for_rise(market, request)
    account.live[order.id] = order
    market.triggers.add(order)
    venue.listener.on_order(OrderEvent.TRIGGER_PLACED, order, None)
    protection.update(venue, account, market)
    return order


def too_many_stops(venue: Venue, account: Account, market: Market, request: OrderRequest) -> bool:
    """Return whether a market already has as many waiting stops of the account as the exchange allows."""
    waiting = sum(order.reduce_only and order.is_trigger for order in account.live_in(market))
    return bool(request.reduce_only) and waiting >= venue.settings.max_stop_orders_per_position


def next_due(market: Market, references: tuple[Reference, ...]) -> Order | None:
    """Return the next waiting order whose price has come, or None."""
    for reference in references:
        half_ticks = market.half_ticks(reference)
        if half_ticks is not None:
            order = market.triggers.next_due(reference, half_ticks)
            if order is not None:
                return order
    return None


def _waits_for_rise(market: Market, request: OrderRequest) -> bool:
    """A trigger at the very reference price waits for what a stop of its side would: sells fall, buys rise."""
    assert request.trigger_ticks is not None
    half_ticks = market.half_ticks(request.trigger_by or Reference.LAST)
    distance = 0 if half_ticks is None else 2 * request.trigger_ticks - half_ticks
    return request.side is Side.BID if distance == 0 else distance > 0

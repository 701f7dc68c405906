"""Stops that travel inside an entry order: the children that its fills create."""

from __future__ import annotations

from sandbox.engine import triggers
from sandbox.engine.events import OrderEvent
from sandbox.engine.orders import AttachedStop, Order, OrderRequest, OrderType, Status, TriggerQuantity
from sandbox.engine.venue import Venue
from sandbox.settings import AttachedStops


def after_fill(venue: Venue, entry: Order, lots: int) -> None:
    """Create, or let grow, the children of an entry that has just been filled by `lots`.

    What the fill took off an opposite position needs no stop.
    """
    lots = min(lots, entry.side.sign * entry.account.position_lots(entry.market))
    if lots <= 0:
        return
    for kind, stop in (("stop", entry.request.stop_loss), ("profit", entry.request.take_profit)):
        if stop is not None:
            _cover(venue, entry, lots, kind=kind, stop=stop)


def _cover(venue: Venue, entry: Order, lots: int, *, kind: str, stop: AttachedStop) -> None:
    mode = venue.settings.attached_stops
    child = entry.children.get(kind)
    if mode is AttachedStops.NONE or (mode is AttachedStops.FIXED and child is not None):
        return
    if mode is AttachedStops.GROW and child is not None and child.status is Status.TRIGGER_PENDING:
        _grow(venue, child, lots)
        return
    entry.children[kind] = triggers.place(venue, entry.account, entry.market, _child(entry, stop, lots))


def _grow(venue: Venue, child: Order, lots: int) -> None:
    covered = child.trigger_quantity
    assert covered is not None
    assert covered.lots is not None
    child.trigger_quantity = quantity(child, covered.lots + lots)
    venue.listener.on_order(OrderEvent.MODIFIED, child, None)


def quantity(order: Order, lots: int) -> TriggerQuantity:
    """Return an absolute trigger quantity of an order's market."""
    return TriggerQuantity(order.market.spec.quantity_trimmed(lots), lots=lots)


def _child(entry: Order, stop: AttachedStop, lots: int) -> OrderRequest:
    return OrderRequest(
        side=entry.side.opposite,
        order_type=OrderType.MARKET if stop.limit_ticks is None else OrderType.LIMIT,
        price_ticks=stop.limit_ticks,
        reduce_only=True,
        self_trade=entry.request.self_trade,
        trigger_ticks=stop.trigger_ticks,
        trigger_by=stop.reference,
        trigger_quantity=quantity(entry, lots),
        related_id=entry.id,
    )

"""Shown: an order as a stream frame or a REST answer has it, in the one form that becomes rows."""

from __future__ import annotations

from decimal import Decimal

from trading.exchange.backpack.parse import OrderUpdate
from trading.exchange.ports import ExchangeOrder, FillInfo
from trading.execution.account_events import OrderShown, Origin


def shown_by_stream(update: OrderUpdate, *, received_ns: int) -> OrderShown:
    """Return an event of the private stream as a message."""
    return OrderShown(
        exchange_id=update.exchange_id,
        client_id=update.client_id,
        related_exchange_id=update.related_order_id or "",
        side=update.side,
        order_type=update.order_type,
        status=update.status.value,
        price=update.price,
        quantity=Decimal(0) if update.quantity is None else update.quantity,
        executed_quantity=update.executed_quantity,
        executed_quote=update.executed_quote_quantity,
        post_only=update.post_only,
        reduce_only=update.reduce_only,
        trigger_price=update.trigger_price,
        trigger_quantity=update.trigger_quantity,
        expiry_reason=update.expiry_reason or "",
        engine_us=update.engine_us,
        received_ns=received_ns,
        origin=Origin.STREAM,
        fill=update.fill,
    )


def shown_by_rest(order: ExchangeOrder, *, fill: FillInfo | None, origin: Origin, received_ns: int) -> OrderShown:
    """Return an order of a REST answer as a message; the only time it has is that of its creation."""
    return OrderShown(
        exchange_id=order.exchange_id,
        client_id=order.client_id,
        related_exchange_id=order.related_order_id or "",
        side=order.side,
        order_type=order.order_type,
        status=order.status.value,
        price=order.price,
        quantity=Decimal(0) if order.quantity is None else order.quantity,
        executed_quantity=order.executed_quantity,
        executed_quote=order.executed_quote_quantity,
        post_only=order.post_only,
        reduce_only=order.reduce_only,
        trigger_price=order.trigger_price,
        trigger_quantity=order.trigger_quantity,
        expiry_reason=order.expiry_reason or "",
        engine_us=order.created_at_ms * 1_000,
        received_ns=received_ns,
        origin=origin,
        fill=fill,
    )

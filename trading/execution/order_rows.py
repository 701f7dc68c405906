"""Order rows: what the answer to a request shows of its order."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from trading.exchange.ports import ExchangeOrder
from trading.models import Order, OrderIntent


def store_placed(placed: Sequence[tuple[OrderIntent, ExchangeOrder]]) -> None:
    """Store the orders of answers, unless the private stream has stored them already: it knows more."""
    Order.objects.bulk_create([_row(intent, shown) for intent, shown in placed], ignore_conflicts=True)


def _row(intent: OrderIntent, shown: ExchangeOrder) -> Order:
    return Order(
        customer_id=intent.customer_id,
        account_id=intent.account_id,
        market_id=intent.market_id,
        intent=intent,
        position_id=intent.position_id,
        exchange_id=shown.exchange_id,
        related_exchange_id=shown.related_order_id or "",
        client_id=shown.client_id,
        side=shown.side.value,
        order_type=shown.order_type,
        status=shown.status.value,
        price=shown.price,
        quantity=shown.quantity if shown.quantity is not None else Decimal(0),
        executed_quantity=shown.executed_quantity,
        executed_quote=shown.executed_quote_quantity,
        post_only=bool(shown.post_only),
        reduce_only=bool(shown.reduce_only),
        trigger_price=shown.trigger_price,
        trigger_quantity=shown.trigger_quantity,
        placed_us=shown.created_at_ms * 1_000,
        seen_ns=intent.answered_ns or 0,
        updated_us=shown.created_at_ms * 1_000,
    )
